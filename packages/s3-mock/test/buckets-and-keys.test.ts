import { createHash } from 'node:crypto';
import { request } from 'node:http';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { discardedBytes, type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
const Bucket = 'keys';

beforeAll(async () => {
  mock = await startS3Mock({ buckets: [Bucket], anonymous: true });
  client = clientOf(mock);
});

afterAll(async () => {
  client.destroy();
  await mock.close();
});

const put = (Key: string, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}`, ...more }));
const get = (Key: string, more: object = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));

test('a bucket is created, found, refused twice, and removed when it is empty', async () => {
  await client.send(new CreateBucketCommand({ Bucket: 'mine' }));
  const again = client.send(new CreateBucketCommand({ Bucket: 'mine' }));
  await expect(again).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket, 'mine']);
  const location = await client.send(new GetBucketLocationCommand({ Bucket: 'mine' }));
  expect(location.LocationConstraint ?? 'us-east-1').toBe('us-east-1');
  await client.send(new PutObjectCommand({ Bucket: 'mine', Key: 'a', Body: '' }));
  const full = client.send(new DeleteBucketCommand({ Bucket: 'mine' }));
  await expect(full).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  await client.send(new DeleteObjectCommand({ Bucket: 'mine', Key: 'a' }));
  await client.send(new DeleteBucketCommand({ Bucket: 'mine' }));
  await expect(startS3Mock({ buckets: ['No'] })).rejects.toMatchObject({ code: 'InvalidBucketName' });
});

test.each([
  'plain',
  'with space',
  'with+plus',
  'with%percent',
  '%2F',
  'a//b',
  'a/../b',
  './a',
  'trailing/',
  'ünïcode-日本-🎈',
  'quotes"\'<>&',
  'tilde~star*(paren)!$@:;=,?#[]|\\^`{}',
  'new\nline\ttab',
  'k'.repeat(1024),
])('the key %j is kept as it is', async (Key) => {
  await put(Key);
  expect(await (await get(Key)).Body?.transformToString()).toBe(`body of ${Key}`);
  const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
  expect(listed.Contents?.map((one) => one.Key)).toContain(Key);
  await client.send(new DeleteObjectCommand({ Bucket, Key }));
  await expect(get(Key)).rejects.toMatchObject({ name: 'NoSuchKey' });
});

test('keys have at most 1024 bytes, and are UTF-8', async () => {
  await expect(put('k'.repeat(1025))).rejects.toMatchObject({ name: 'KeyTooLongError' });
  await expect(put('ü'.repeat(513))).rejects.toMatchObject({ name: 'KeyTooLongError' });
  expect(await (await fetch(`${mock.endpoint}/${Bucket}/%ff`)).text()).toContain('<Code>InvalidURI<');
});

describe('listings', () => {
  const names = ['a', 'b/1', 'b/2', 'c', 'd/e/f', '\ufffd', '🎈'];

  beforeAll(async () => {
    for (const name of names) await put(`list/${name}`);
  });

  test('are sorted by UTF-8 bytes', async () => {
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/' }));
    const keys = Contents?.map(({ Key }) => Key ?? '') ?? [];
    expect(keys).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(keys).toEqual(names.map((name) => `list/${name}`));
  });

  test('begin after a key', async () => {
    const query = { Bucket, Prefix: 'list/', StartAfter: 'list/b/2' };
    const { Contents } = await client.send(new ListObjectsV2Command(query));
    expect(Contents?.map(({ Key }) => Key)).toEqual(names.slice(3).map((name) => `list/${name}`));
  });

  test.each([1, 2, 3, 100])('the first version pages by marker, %i at a time', async (MaxKeys) => {
    const seen: string[] = [];
    let Marker: string | undefined;
    for (;;) {
      const query = { Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys, Marker };
      const page = await client.send(new ListObjectsCommand(query));
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
      if (!page.IsTruncated) break;
      Marker = page.NextMarker ?? '';
    }
    expect(seen.sort()).toEqual(['a', 'b/', 'c', 'd/', '\ufffd', '🎈'].map((name) => `list/${name}`).sort());
  });

  test('encode names where asked, and refuse a wrong token', async () => {
    await put('list/x y&ü');
    const query = { Bucket, Prefix: 'list/x y', EncodingType: 'url' } as const;
    const { Contents } = await client.send(new ListObjectsV2Command(query));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['list/x+y%26%C3%BC']);
    const wrong = client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: '***' }));
    await expect(wrong).rejects.toMatchObject({ name: 'InvalidArgument' });
  });
});

test('conditions of reads, dates included', async () => {
  const { ETag } = await put('conditional');
  const { LastModified = new Date() } = await get('conditional');
  const status = (more: object) =>
    get('conditional', more).then(
      () => 200,
      (thrown) => thrown.$metadata.httpStatusCode,
    );
  const before = new Date(LastModified.getTime() - 60_000);
  expect(await status({ IfMatch: ETag })).toBe(200);
  expect(await status({ IfMatch: '"0"' })).toBe(412);
  expect(await status({ IfNoneMatch: '"0"' })).toBe(200);
  expect(await status({ IfNoneMatch: ETag })).toBe(304);
  expect(await status({ IfModifiedSince: before })).toBe(200);
  expect(await status({ IfModifiedSince: LastModified })).toBe(304);
  expect(await status({ IfUnmodifiedSince: LastModified })).toBe(200);
  expect(await status({ IfUnmodifiedSince: before })).toBe(412);
  // An ETag outranks a date.
  expect(await status({ IfMatch: ETag, IfUnmodifiedSince: before })).toBe(200);
  expect(await status({ IfNoneMatch: '"0"', IfModifiedSince: LastModified })).toBe(200);
});

test('headers that are stored with an object, and those that an answer is asked to have', async () => {
  const stored = { CacheControl: 'no-store', ContentEncoding: 'gzip', ContentLanguage: 'de', ContentType: 'a/b' };
  await put('headers', { ...stored, ContentDisposition: 'inline', Metadata: { one: '1' }, StorageClass: 'GLACIER_IR' });
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'headers' }));
  expect(head).toMatchObject({ ...stored, Metadata: { one: '1' }, StorageClass: 'GLACIER_IR' });
  expect(head.$metadata.requestId).toMatch(/^[0-9A-F]{16}$/);
  const other = await get('headers', { ResponseContentType: 'c/d', ResponseCacheControl: 'private' });
  expect(other).toMatchObject({ ContentType: 'c/d', CacheControl: 'private' });
  await expect(put('metadata', { Metadata: { large: 'x'.repeat(2048) } })).rejects.toMatchObject({
    name: 'MetadataTooLarge',
  });
  const attributes = { Bucket, Key: 'headers', ObjectAttributes: ['ObjectSize', 'ETag'] };
  expect(await client.send(new GetObjectAttributesCommand(attributes as never))).toMatchObject({ ObjectSize: 15 });
});

test('a body larger than 5 GiB is EntityTooLarge before it is sent', async () => {
  const headers = { expect: '100-continue', 'content-length': String(5 * 1024 ** 3 + 1) };
  const answer = await new Promise<{ status: number | undefined; continued: boolean }>((resolve, reject) => {
    let continued = false;
    const sent = request(`${mock.endpoint}/${Bucket}/large`, { method: 'PUT', headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, continued });
      sent.destroy();
    });
    sent.on('continue', () => {
      continued = true;
    });
    sent.on('error', reject).flushHeaders();
  });
  expect(answer).toEqual({ status: 400, continued: false });
});

test.each(['/keys?acl', '/keys?policy', '/keys/a?tagging'])(
  'what it does not have is NotImplemented: %s',
  async (path) => {
    const response = await fetch(mock.endpoint + path);
    expect([response.status, await response.text()]).toEqual([501, expect.stringContaining('<Code>NotImplemented<')]);
  },
);

describe('discard mode', () => {
  test('bodies are counted and hashed; reads give the same bytes always', async () => {
    await using discarding = await startS3Mock({ buckets: [Bucket], discard: true });
    const other = clientOf(discarding);
    const Body = Buffer.alloc(2_000_000, 'a');
    const { ETag } = await other.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    expect(ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`);
    const got = await other.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=1048570-1048579' }));
    const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(discardedBytes(1_048_570, 10))).toBe(true);
    expect(got.ContentRange).toBe('bytes 1048570-1048579/2000000');
    other.destroy();
  });

  test('an object of 5 TiB is there at once', async () => {
    await mock.createObject(Bucket, 'huge', 5 * 1024 ** 4);
    const got = await get('huge', { Range: 'bytes=-7' });
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(
      Buffer.from(discardedBytes(5 * 1024 ** 4 - 7, 7)),
    );
  });
});

test.each([
  [{ port: -1 }, 'options.port must be an integer from 0 to 65535'],
  [{ bukets: [] }, "did you mean 'buckets'?"],
  [{ latencyMs: -1 }, 'options.latencyMs must be an integer'],
  [{ etag: 'sha' }, 'options.etag must be one of'],
  [{ data: '/nowhere', discard: true }, 'options.discard must be false where options.data is given'],
  [{ credentials: [{ accessKeyId: 'a' }] }, 'options.credentials[0].secretAccessKey must be a string'],
  [{ faultPlan: [{}] }, 'options.faultPlan[0].fault must be an object'],
])('nonsense in the options is refused by name: %j', async (options, message) => {
  await expect(startS3Mock(options as never)).rejects.toThrow(message);
});
