import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
const Bucket = 'objects';

beforeAll(async () => {
  mock = await startS3Mock({ buckets: [Bucket] });
  client = clientOf(mock);
});

afterAll(async () => {
  client.destroy();
  await mock.close();
});

test('an object comes back with its type, metadata, ETag and bytes', async () => {
  const Body = Buffer.from('hello, world');
  const put = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: 'a b/ü+&<>.txt',
      Body,
      ContentType: 'text/plain',
      Metadata: { color: 'blue' },
    }),
  );
  expect(put.ETag).toBe('"e4d7f1b4ed2e42d15898f4b27b019da4"');
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a b/ü+&<>.txt' }));
  expect(await got.Body?.transformToString()).toBe('hello, world');
  expect(got).toMatchObject({ ContentType: 'text/plain', Metadata: { color: 'blue' }, ETag: put.ETag });
});

test('a body of a stream is signed chunk by chunk, with its checksum behind it', async () => {
  const Body = Buffer.alloc(3 * 1024 * 1024, 'stream');
  await client.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ChecksumAlgorithm: 'CRC32' }));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'stream', ChecksumMode: 'ENABLED' }));
  expect(head.ContentLength).toBe(Body.length);
  expect(head.ChecksumCRC32).toBeDefined();
});

test.each([
  ['bytes=0-4', 'hello', 'bytes 0-4/12'],
  ['bytes=7-', 'world', 'bytes 7-11/12'],
  ['bytes=-5', 'world', 'bytes 7-11/12'],
  ['bytes=7-400', 'world', 'bytes 7-11/12'],
])('range %s', async (Range, text, contentRange) => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'range', Body: 'hello, world' }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'range', Range }));
  expect(await got.Body?.transformToString()).toBe(text);
  expect(got.ContentRange).toBe(contentRange);
  expect(got.$metadata.httpStatusCode).toBe(206);
});

test('a range behind the end is 416', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'range', Body: 'hello' }));
  const wanted = client.send(new GetObjectCommand({ Bucket, Key: 'range', Range: 'bytes=5-' }));
  await expect(wanted).rejects.toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } });
});

test('conditional PUT: If-None-Match and If-Match', async () => {
  const put = (Body: string, conditions: object) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'conditional', Body, ...conditions }));
  const { ETag } = await put('one', { IfNoneMatch: '*' });
  await expect(put('two', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(put('two', { IfMatch: '"0"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await put('two', { IfMatch: ETag });
  await expect(put('three', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('a copy has the bytes and the metadata, or its own', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'source é', Body: 'copied', Metadata: { a: '1' } }));
  const CopySource = `${Bucket}/${encodeURIComponent('source é')}`;
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'copy' }));
  expect(await got.Body?.transformToString()).toBe('copied');
  expect(got.Metadata).toEqual({ a: '1' });
  const failing = client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, CopySourceIfMatch: '"0"' }));
  await expect(failing).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('a listing pages through keys and common prefixes, and DeleteObjects removes them', async () => {
  const keys = ['p/a/1', 'p/a/2', 'p/b', 'p/c/1', 'p/d'];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: '' }));
  const seen: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'p/', Delimiter: '/', MaxKeys: 1, ContinuationToken }),
    );
    seen.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(seen).toEqual(['p/a/', 'p/b', 'p/c/', 'p/d']);
  const Delete = { Objects: keys.map((Key) => ({ Key })) };
  const deleted = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
  expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(keys);
  const after = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'p/' }));
  expect(after.KeyCount).toBe(0);
});

test('what is not there: NoSuchKey, NoSuchBucket, and deleting it is no error', async () => {
  const get = (bucket: string) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'none' }));
  await expect(get(Bucket)).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(get('no-bucket')).rejects.toMatchObject({ name: 'NoSuchBucket' });
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'none' }));
});
