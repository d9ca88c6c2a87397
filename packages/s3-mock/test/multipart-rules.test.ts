import { randomBytes } from 'node:crypto';
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHasher } from '../src/checksums/algorithms.ts';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
const Bucket = 'rules';
const gib = 1024 ** 3;

beforeAll(async () => {
  mock = await startS3Mock({ buckets: [Bucket], partLengthMin: 1000, etag: 'random', anonymous: true });
  client = clientOf(mock);
});

afterAll(async () => {
  client.destroy();
  await mock.close();
});

async function start(Key: string, more: object = {}): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return UploadId ?? '';
}

const sum = (algorithm: 'crc32' | 'crc64nvme', ...pieces: Uint8Array[]): Buffer => {
  const hasher = createHasher(algorithm);
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest();
};

describe.each([
  ['CRC32', 'COMPOSITE', 'crc32'],
  ['CRC32', 'FULL_OBJECT', 'crc32'],
  ['CRC64NVME', 'FULL_OBJECT', 'crc64nvme'],
] as const)('an upload with %s, %s', (algorithm, type, name) => {
  const pieces = [randomBytes(5000), randomBytes(5000), randomBytes(77)];
  const field = `Checksum${algorithm}` as const;

  test('has the checksum that its parts make, and refuses another one', async () => {
    const Key = `${algorithm}-${type}`;
    const kind = { ChecksumAlgorithm: algorithm as ChecksumAlgorithm, ChecksumType: type as ChecksumType };
    const UploadId = await start(Key, kind);
    const Parts: CompletedPart[] = [];
    for (const [index, Body] of pieces.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: index + 1 };
      const value = sum(name, Body).toString('base64');
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body, [field]: value }));
      Parts.push({ ETag, PartNumber: index + 1, [field]: value });
    }
    const listed = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    expect(listed.Parts?.map((part) => part[field])).toEqual(Parts.map((part) => part[field]));
    const complete = (more: object) =>
      client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
    const wrong = Buffer.alloc(sum(name).length).toString('base64');
    await expect(complete({ [field]: wrong })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(complete({ MpuObjectSize: 1 })).rejects.toMatchObject({ name: 'InvalidRequest' });
    await complete({ MpuObjectSize: 10_077 });
    const ofDigests = sum(name, ...pieces.map((piece) => sum(name, piece))).toString('base64');
    const expected = type === 'COMPOSITE' ? `${ofDigests}-3` : sum(name, ...pieces).toString('base64');
    const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    expect([head[field], head.ChecksumType]).toEqual([expected, type]);
  });
});

test('a part needs the algorithm of its upload, a composite completion the checksum of every part', async () => {
  const UploadId = await start('mixed', { ChecksumAlgorithm: 'CRC32' });
  const part = { Bucket, Key: 'mixed', UploadId, PartNumber: 1, Body: 'part' };
  const other = client.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'SHA256' }));
  await expect(other).rejects.toThrow('expected checksum Type: crc32, actual checksum Type: sha256');
  const { ETag } = await client.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const bare = client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'mixed', UploadId, MultipartUpload }));
  await expect(bare).rejects.toThrow('It was missing for part 1');
  const impossible = start('x', { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' });
  await expect(impossible).rejects.toMatchObject({ name: 'InvalidRequest' });
});

test.each([0, 10_001])('there is no part %i', async (PartNumber) => {
  const UploadId = await start('numbers');
  const upload = client.send(new UploadPartCommand({ Bucket, Key: 'numbers', UploadId, PartNumber, Body: 'x' }));
  await expect(upload).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test('an object has at most 5 TiB', async () => {
  await mock.createObject(Bucket, 'source', 5 * gib);
  const UploadId = await start('huge');
  const whole = { Bucket, Key: 'huge', UploadId };
  // Without the SDK, for a thousand requests.
  const copy = async (PartNumber: number) => {
    const address = `${mock.endpoint}/${Bucket}/huge?uploadId=${UploadId}&partNumber=${PartNumber}`;
    const headers = { 'x-amz-copy-source': `${Bucket}/source` };
    const text = await (await fetch(address, { method: 'PUT', headers })).text();
    return { PartNumber, ETag: /[0-9a-f]{32}/.exec(text)?.[0] };
  };
  const numbers = Array.from({ length: 1024 }, (_, index) => index + 1);
  const Parts: CompletedPart[] = [];
  for (let done = 0; done < numbers.length; done += 16) {
    Parts.push(...(await Promise.all(numbers.slice(done, done + 16).map(copy))));
  }
  const tooMany = { Parts: [...Parts, await copy(1025)] };
  const failing = client.send(new CompleteMultipartUploadCommand({ ...whole, MultipartUpload: tooMany }));
  await expect(failing).rejects.toMatchObject({ name: 'EntityTooLarge' });
  await client.send(new CompleteMultipartUploadCommand({ ...whole, MultipartUpload: { Parts } }));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'huge', PartNumber: 1024 }));
  expect(head).toMatchObject({ ContentLength: 5 * gib, PartsCount: 1024 });
  const tail = await client.send(new GetObjectCommand({ Bucket, Key: 'huge', Range: 'bytes=-1' }));
  expect(tail.ContentRange).toBe(`bytes ${5120 * gib - 1}-${5120 * gib - 1}/${5120 * gib}`);
  await tail.Body?.transformToByteArray();
  const more = { ...whole, PartNumber: 1, CopySource: `${Bucket}/huge` };
  const other = await start('huge');
  const tooLarge = client.send(new UploadPartCopyCommand({ ...more, UploadId: other }));
  await expect(tooLarge).rejects.toMatchObject({ name: 'EntityTooLarge' });
  const behind = { ...more, UploadId: other, CopySourceRange: `bytes=0-${5120 * gib}` };
  await expect(client.send(new UploadPartCopyCommand(behind))).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test('uploads are listed in pages, by key and then by id', async () => {
  const started = [];
  for (const Key of ['page/b', 'page/a', 'page/b', 'page/c/d']) started.push(`${Key} ${await start(Key)}`);
  const seen: string[] = [];
  let markers: object = {};
  for (;;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: 'page/', MaxUploads: 1, ...markers }),
    );
    seen.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => `${Key} ${UploadId}`));
    if (!page.IsTruncated) break;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
  expect(seen).toEqual([...started].sort());
  const query = { Bucket, Prefix: 'page/', Delimiter: '/' };
  const { CommonPrefixes, Uploads } = await client.send(new ListMultipartUploadsCommand(query));
  expect(CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['page/c/']);
  expect(Uploads).toHaveLength(3);
});

test('parts are listed in pages', async () => {
  const UploadId = await start('parts');
  for (const PartNumber of [3, 1, 2]) {
    await client.send(new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber, Body: 'x' }));
  }
  const page = (PartNumberMarker?: string) =>
    client.send(new ListPartsCommand({ Bucket, Key: 'parts', UploadId, MaxParts: 2, PartNumberMarker }));
  const first = await page();
  expect([first.IsTruncated, first.Parts?.map(({ PartNumber }) => PartNumber)]).toEqual([true, [1, 2]]);
  const second = await page(first.NextPartNumberMarker);
  expect([second.IsTruncated, second.Parts?.map(({ PartNumber }) => PartNumber)]).toEqual([false, [3]]);
});
