import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type MockFault, type MockFaultPlan, type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
const Bucket = 'faults';
const content = Buffer.alloc(200_000, 'content');

beforeAll(async () => {
  mock = await startS3Mock({ buckets: [Bucket], anonymous: true });
  client = clientOf(mock);
  await client.send(new PutObjectCommand({ Bucket, Key: 'there', Body: content, ChecksumAlgorithm: 'CRC32' }));
});

afterEach(() => mock.faults.setPlan([]));

afterAll(async () => {
  client.destroy();
  await mock.close();
});

/** The next request has this fault. */
function plan(fault: MockFault, more: object = {}): void {
  mock.faults.setPlan([{ ...more, times: 1, fault }] as MockFaultPlan);
}

/** A GET without the SDK, which would hide what arrives. */
async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${mock.endpoint}/${Bucket}/${path}`, { headers });
}

async function put(Key: string, Body: string | Buffer = 'body', more: object = {}) {
  return client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

async function exists(Key: string): Promise<boolean> {
  const found = await client.send(new HeadObjectCommand({ Bucket, Key })).catch(() => undefined);
  return found !== undefined;
}

test('error: 503 SlowDown with Retry-After, before the request is executed', async () => {
  plan({ kind: 'error', code: 'SlowDown', retryAfterSeconds: 2 }, { operation: 'PutObject' });
  const failing = put('slow');
  await expect(failing).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  await expect(failing).rejects.toMatchObject({ $response: { headers: { 'retry-after': '2' } } });
  expect(await exists('slow')).toBe(false);
});

test('error after: 500 InternalError of a request that was executed', async () => {
  plan({ kind: 'error', code: 'InternalError', when: 'after' }, { operation: 'PutObject' });
  await expect(put('internal')).rejects.toMatchObject({ name: 'InternalError' });
  expect(await exists('internal')).toBe(true);
});

test.each([
  ['before', false],
  ['request', false],
  ['after', true],
] as const)('reset %s: the connection breaks; executed: %s', async (when, isExecuted) => {
  plan({ kind: 'reset', when }, { operation: 'PutObject' });
  await expect(put(`reset-${when}`, content)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await exists(`reset-${when}`)).toBe(isExecuted);
});

test.each([{ kind: 'reset', when: 'answer' }, { kind: 'truncate' }] as const)(
  'the body ends early: %j',
  async (fault) => {
    plan({ ...fault, bytes: 1000 });
    const response = await get('there');
    expect(response.headers.get('content-length')).toBe(String(content.length));
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  },
);

test('corrupt: one bit of the answer is wrong, and of the request it is noticed', async () => {
  plan({ kind: 'corrupt', bytes: 7 });
  const bytes = Buffer.from(await (await get('there')).arrayBuffer());
  expect(bytes.length).toBe(content.length);
  expect(bytes.findIndex((byte, index) => byte !== content[index])).toBe(7);
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  expect(bytes.equals(content)).toBe(true);
  plan({ kind: 'corrupt', where: 'request' });
  const ContentMD5 = createHash('md5').update(content).digest('base64');
  await expect(put('corrupt', content, { ContentMD5 })).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  expect(await exists('corrupt')).toBe(false);
});

test('checksum: the header is of other bytes', async () => {
  const headers = { 'x-amz-checksum-mode': 'ENABLED' };
  const right = (await get('there', headers)).headers.get('x-amz-checksum-crc32');
  plan({ kind: 'checksum' });
  const wrong = (await get('there', headers)).headers.get('x-amz-checksum-crc32');
  expect(right).toMatch(/^[\w+/]{6}==$/);
  expect(wrong).toMatch(/^[\w+/]{6}==$/);
  expect(wrong).not.toBe(right);
});

test.each(['before', 'request', 'answer'] as const)('stall %s: nothing moves until the release', async (when) => {
  plan({ kind: 'stall', when }, { operation: when === 'request' ? 'PutObject' : 'GetObject' });
  let isDone = false;
  const waiting = (
    when === 'request' ? put('stalled', content) : get('there').then((response) => response.text())
  ).then(() => {
    isDone = true;
  });
  await mock.faults.awaitStalled();
  expect(isDone).toBe(false);
  expect(mock.stats.inFlight).toBe(1);
  mock.faults.release();
  await waiting;
  expect(mock.faults.stalledCount).toBe(0);
});

test('duplicate: executed twice; the second answer may contradict the first', async () => {
  plan({ kind: 'duplicate' }, { operation: 'PutObject' });
  await put('twice', 'body', { IfNoneMatch: '*' });
  plan({ kind: 'duplicate', answer: 'second' }, { operation: 'PutObject' });
  await expect(put('twice-2', 'body', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(await (await get('twice-2')).text()).toBe('body');
});

test('whole-answer and short-range: a range gets 200, or less than it asked for', async () => {
  plan({ kind: 'whole-answer' });
  const whole = await get('there', { range: 'bytes=10-19' });
  expect([whole.status, (await whole.arrayBuffer()).byteLength]).toEqual([200, content.length]);
  plan({ kind: 'short-range', bytes: 4 });
  const short = await get('there', { range: 'bytes=10-19' });
  expect([short.status, await short.text()]).toEqual([206, content.toString('latin1', 10, 14)]);
  expect(short.headers.get('content-range')).toBe(`bytes 10-13/${content.length}`);
});

describe('a completion', () => {
  async function completed(Key: string) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const part = { Bucket, Key, UploadId, PartNumber: 1 };
    const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    return client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
  }

  test.each(['before', 'after'] as const)('that answers 200 with an error, %s execution', async (when) => {
    plan({ kind: 'completion-error', when });
    await expect(completed(`complete-${when}`)).rejects.toMatchObject({ name: 'InternalError' });
    expect(await exists(`complete-${when}`)).toBe(when === 'after');
  });

  test('that sends spaces before its result', async () => {
    plan({ kind: 'whitespace', count: 5 });
    expect(await completed('spaces')).toMatchObject({ Key: 'spaces', ETag: expect.stringMatching(/-1"$/) });
  });

  test('that sends its spaces before it has even heard what is to be completed', async () => {
    plan({ kind: 'whitespace', count: 4 });
    const headers = { 'content-length': '26' };
    const sent = request(`${mock.endpoint}/${Bucket}/x?uploadId=none`, { method: 'POST', headers });
    sent.flushHeaders();
    const [response] = await once(sent, 'response');
    const pieces: string[] = [];
    for await (const piece of response) {
      if (pieces.length === 0) sent.end('<CompleteMultipartUpload/>');
      pieces.push(String(piece));
    }
    expect(pieces[0]).toMatch(/\?>\n {4}$/);
    expect(pieces.slice(1).join('')).toContain('<Code>NoSuchUpload<');
  });

  test('that sends spaces before an error', async () => {
    plan({ kind: 'whitespace' });
    const query = 'uploadId=none';
    const body = '<CompleteMultipartUpload/>';
    const response = await fetch(`${mock.endpoint}/${Bucket}/x?${query}`, { method: 'POST', body });
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^<\?xml[^>]*\?>\n {3}<Error><Code>NoSuchUpload</);
  });
});

test('rules: operation, key, nth, probability, times, and what struck', async () => {
  const failing: MockFault = { kind: 'error', code: 'InternalError' };
  mock.faults.setPlan([
    { operation: 'GetObject', keyPattern: '^th', nth: 2, fault: failing },
    { key: 'other', probability: 0, fault: failing },
  ]);
  mock.faults.resetInjected();
  const statuses = [];
  for (const key of ['there', 'other', 'there', 'there']) statuses.push((await get(key)).status);
  expect(statuses).toEqual([200, 404, 500, 200]);
  expect(mock.faults.injected).toEqual([{ operation: 'GetObject', bucket: Bucket, key: 'there', fault: failing }]);
});

test('the same seed gives the same faults', async () => {
  const statusesOf = async (seed: number) => {
    const faultPlan: MockFaultPlan = [{ probability: 0.5, fault: { kind: 'error', code: 'SlowDown' } }];
    await using one = await startS3Mock({ buckets: [Bucket], anonymous: true, seed, faultPlan });
    const statuses = [];
    for (let i = 0; i < 20; i++) statuses.push((await fetch(`${one.endpoint}/${Bucket}/none`)).status);
    return statuses.join();
  };
  const first = await statusesOf(7);
  expect(await statusesOf(7)).toBe(first);
  expect(await statusesOf(8)).not.toBe(first);
  expect(new Set(first.split(','))).toEqual(new Set(['404', '503']));
});

test.each<[unknown, string]>([
  [{}, 'plan must be an array of rules'],
  [[null], 'plan[0] must be an object'],
  [[{ fault: { kind: 'nonsense' } }], 'plan[0].fault.kind must be one of'],
  [[{ fault: { kind: 'reset', moment: 'x' } }], "There is no option 'moment'"],
  [[{ nht: 1, fault: { kind: 'checksum' } }], "did you mean 'nth'?"],
  [
    [{ operation: 'HeadObject', fault: { kind: 'truncate' } }],
    'plan[0].fault.kind must be one that HeadObject can have',
  ],
  [[{ operation: 'Get', fault: { kind: 'truncate' } }], 'plan[0].operation must be one of'],
  [[{ probability: 2, fault: { kind: 'checksum' } }], 'plan[0].probability must be a number from 0 to 1'],
  [[{ keyPattern: '(', fault: { kind: 'checksum' } }], 'plan[0].keyPattern must be a regular expression'],
  [[{ fault: { kind: 'error', code: 'Oops' } }], 'plan[0].fault.code must be one of'],
  [[{ fault: { kind: 'latency', latencyMs: -1 } }], 'plan[0].fault.latencyMs must be an integer'],
  [[{ fault: { kind: 'bandwidth', bandwidth: '3 parsec' } }], 'plan[0].fault.bandwidth must be a number with one of'],
])('nonsense in a plan is refused with its place: %j', (nonsense, message) => {
  expect(() => mock.faults.setPlan(nonsense as MockFaultPlan)).toThrow(message);
});
