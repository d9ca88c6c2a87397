import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
const Bucket = 'parts';
const mib = 1024 ** 2;

beforeAll(async () => {
  mock = await startS3Mock({ buckets: [Bucket] });
  client = clientOf(mock);
});

afterAll(async () => {
  client.destroy();
  await mock.close();
});

async function start(Key: string): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  return UploadId ?? '';
}

async function part(Key: string, UploadId: string, PartNumber: number, Body: Buffer) {
  const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ETag };
}

function complete(Key: string, UploadId: string, Parts: { PartNumber: number; ETag: string | undefined }[], more = {}) {
  return client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }),
  );
}

test('parts in any order, one of them copied, become one object', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: Buffer.alloc(6 * mib, 'x') }));
  const UploadId = await start('whole');
  const last = await part('whole', UploadId, 7, Buffer.from('end'));
  const first = await part('whole', UploadId, 1, Buffer.alloc(5 * mib, 'a'));
  const CopySource = `${Bucket}/source`;
  const CopySourceRange = `bytes=0-${5 * mib - 1}`;
  const copied = await client.send(
    new UploadPartCopyCommand({ Bucket, Key: 'whole', UploadId, PartNumber: 3, CopySource, CopySourceRange }),
  );
  const listed = await client.send(new ListPartsCommand({ Bucket, Key: 'whole', UploadId }));
  expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, 5 * mib],
    [3, 5 * mib],
    [7, 3],
  ]);
  const done = await complete('whole', UploadId, [first, { PartNumber: 3, ETag: copied.CopyPartResult?.ETag }, last]);
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
  const got = await client.send(
    new GetObjectCommand({ Bucket, Key: 'whole', Range: `bytes=${5 * mib - 1}-${5 * mib}` }),
  );
  expect(await got.Body?.transformToString()).toBe('ax');
  const tail = await client.send(new GetObjectCommand({ Bucket, Key: 'whole', Range: 'bytes=-4' }));
  expect(await tail.Body?.transformToString()).toBe('xend');
});

test('rules of parts: EntityTooSmall, InvalidPart, InvalidPartOrder, NoSuchUpload', async () => {
  const UploadId = await start('rules');
  const one = await part('rules', UploadId, 1, Buffer.from('small'));
  const two = await part('rules', UploadId, 2, Buffer.from('small'));
  await expect(complete('rules', UploadId, [one, two])).rejects.toMatchObject({ name: 'EntityTooSmall' });
  await expect(complete('rules', UploadId, [two, one])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  await expect(complete('rules', UploadId, [{ ...one, ETag: '"0"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await expect(complete('rules', UploadId, [{ ...one, PartNumber: 4 }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await expect(complete('rules', 'none', [one])).rejects.toMatchObject({ name: 'NoSuchUpload' });
  await complete('rules', UploadId, [one]);
  await expect(complete('rules', UploadId, [one])).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

test('an aborted upload is gone, and uploads are listed', async () => {
  const UploadId = await start('aborted');
  const listed = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'abort' }));
  expect(listed.Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId]);
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId }));
  await expect(part('aborted', UploadId, 1, Buffer.from('x'))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  const after = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'abort' }));
  expect(after.Uploads ?? []).toEqual([]);
});

test('a completion can be conditional', async () => {
  const UploadId = await start('conditional');
  const one = await part('conditional', UploadId, 1, Buffer.from('1'));
  await client.send(new PutObjectCommand({ Bucket, Key: 'conditional', Body: 'there' }));
  const failing = complete('conditional', UploadId, [one], { IfNoneMatch: '*' });
  await expect(failing).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await complete('conditional', UploadId, [one]);
});
