import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksumAlgorithms, createHasher, digestLengths } from '../src/checksums/algorithms.ts';
import { combineCrcs, isCombinable } from '../src/checksums/combine.ts';
import { type S3Mock, startS3Mock } from '../src/index.ts';

function digest(algorithm: Parameters<typeof createHasher>[0], ...pieces: Uint8Array[]): string {
  const hasher = createHasher(algorithm);
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest().toString('hex');
}

test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
] as const)('%s of 123456789', (algorithm, check) => {
  expect(digest(algorithm, Buffer.from('123456789'))).toBe(check);
});

test('a checksum does not depend on how the bytes come', () => {
  const bytes = randomBytes(10_007);
  for (const algorithm of checksumAlgorithms) {
    const whole = digest(algorithm, bytes);
    for (const cut of [1, 7, 8, 9, 4096, 10_006]) {
      expect(digest(algorithm, bytes.subarray(0, cut), bytes.subarray(cut))).toBe(whole);
    }
  }
});

test.each(checksumAlgorithms.filter(isCombinable))('%s of a whole from those of its parts', (algorithm) => {
  const pieces = [5000, 5000, 1, 0, 777].map((length) => randomBytes(length));
  const parts = pieces.map((piece) => ({
    digest: Buffer.from(digest(algorithm, piece), 'hex'),
    length: piece.length,
  }));
  expect(combineCrcs(algorithm, parts).toString('hex')).toBe(digest(algorithm, Buffer.concat(pieces)));
});

describe('on the wire', () => {
  let mock: S3Mock;
  const body = 'checked';

  beforeAll(async () => {
    mock = await startS3Mock({ buckets: ['sums'], anonymous: true });
  });
  afterAll(() => mock.close());

  async function put(headers: Record<string, string>, sent = body): Promise<{ response: Response; code: string }> {
    const response = await fetch(`${mock.endpoint}/sums/object`, { method: 'PUT', body: sent, headers });
    return { response, code: /<Code>(\w+)/.exec(await response.text())?.[1] ?? 'OK' };
  }

  test.each(checksumAlgorithms)('%s is verified, answered, stored and given back', async (algorithm) => {
    const name = `x-amz-checksum-${algorithm}`;
    const value = Buffer.from(digest(algorithm, Buffer.from(body)), 'hex').toString('base64');
    const { response } = await put({ [name]: value });
    expect([response.status, response.headers.get(name)]).toEqual([200, value]);
    const got = await fetch(`${mock.endpoint}/sums/object`, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
    expect([await got.text(), got.headers.get(name), got.headers.get('x-amz-checksum-type')]).toEqual([
      body,
      value,
      'FULL_OBJECT',
    ]);
    const part = { range: 'bytes=0-2', 'x-amz-checksum-mode': 'ENABLED' };
    expect((await fetch(`${mock.endpoint}/sums/object`, { headers: part })).headers.get(name)).toBeNull();
    expect((await put({ [name]: value }, 'chequed')).code).toBe('BadDigest');
    expect((await put({ [name]: Buffer.alloc(digestLengths[algorithm] + 1).toString('base64') })).code).toBe(
      'InvalidRequest',
    );
  });

  test('Content-MD5: right, wrong, nonsense', async () => {
    const md5 = createHash('md5').update(body).digest('base64');
    expect((await put({ 'content-md5': md5 })).code).toBe('OK');
    expect((await put({ 'content-md5': md5 }, 'chequed')).code).toBe('BadDigest');
    expect((await put({ 'content-md5': 'short' })).code).toBe('InvalidDigest');
  });

  test('an unsigned trailer: right, wrong, missing', async () => {
    const value = Buffer.from(digest('crc32', Buffer.from(body)), 'hex').toString('base64');
    const send = (trailer: string) =>
      put(
        {
          'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'x-amz-trailer': 'x-amz-checksum-crc32',
          'x-amz-decoded-content-length': String(body.length),
        },
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer}\r\n`,
      );
    expect((await send(`x-amz-checksum-crc32:${value}\r\n`)).code).toBe('OK');
    expect((await send('x-amz-checksum-crc32:AAAAAA==\r\n')).code).toBe('BadDigest');
    expect((await send('')).code).toBe('MalformedTrailerError');
  });

  test('two checksums at once, or one announced and none there, are refused', async () => {
    const crc32 = Buffer.from(digest('crc32', Buffer.from(body)), 'hex').toString('base64');
    const two = { 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-crc32c': crc32 };
    expect((await put(two)).code).toBe('InvalidRequest');
    expect((await put({ 'x-amz-sdk-checksum-algorithm': 'SHA256' })).code).toBe('InvalidRequest');
  });
});
