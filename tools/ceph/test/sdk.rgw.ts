import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';

const mib = 1024 ** 2;
const Bucket = 'sdk';
const client: S3Client = new S3Client({
  endpoint: process.env.CONVEYOR_S3_ENDPOINT ?? '',
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});

beforeAll(() => client.send(new CreateBucketCommand({ Bucket })));
afterAll(() => client.destroy());

test('an object is put, read in ranges and replaced by condition', async () => {
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'hello, world' }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=7-', IfMatch: ETag }));
  expect(await got.Body?.transformToString()).toBe('world');
  const again = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'again', IfNoneMatch: '*' }));
  await expect(again).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
});

test('parts, one of them copied, become one object', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: Buffer.alloc(5 * mib, 's') }));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'whole' }));
  const whole = { Bucket, Key: 'whole', UploadId };
  const copy = { ...whole, PartNumber: 1, CopySource: `${Bucket}/source`, CopySourceRange: `bytes=0-${5 * mib - 1}` };
  const { CopyPartResult } = await client.send(new UploadPartCopyCommand(copy));
  const { ETag } = await client.send(new UploadPartCommand({ ...whole, PartNumber: 2, Body: 'end' }));
  const Parts = [
    { PartNumber: 1, ETag: CopyPartResult?.ETag },
    { PartNumber: 2, ETag },
  ];
  await client.send(new CompleteMultipartUploadCommand({ ...whole, MultipartUpload: { Parts } }));
  const tail = await client.send(new GetObjectCommand({ Bucket, Key: 'whole', Range: 'bytes=-4' }));
  expect(await tail.Body?.transformToString()).toBe('send');
});

test('a wrong secret is SignatureDoesNotMatch', async () => {
  const credentials = { accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: 'wrong' };
  const endpoint = process.env.CONVEYOR_S3_ENDPOINT ?? '';
  const stranger = new S3Client({ endpoint, credentials, forcePathStyle: true });
  const getting = stranger.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  await expect(getting).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  stranger.destroy();
});
