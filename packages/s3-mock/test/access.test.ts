import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { clientOf } from './sdk-client.ts';

let mock: S3Mock;
let client: S3Client;
let nowMs = Date.now();
const Bucket = 'open';

beforeAll(async () => {
  mock = await startS3Mock({
    buckets: [Bucket, { name: 'sealed', readOnly: true }, { name: 'abroad', region: 'eu-west-1' }],
    credentials: [
      { accessKeyId: 'owner', secretAccessKey: 'secret' },
      { accessKeyId: 'reader', secretAccessKey: 'secret', readOnly: true },
      { accessKeyId: 'guest', secretAccessKey: 'secret', sessionToken: 'token' },
    ],
    clock: { nowMs: () => performance.now(), sleep: async () => {}, epochMs: () => nowMs },
  });
  client = clientOf(mock);
  await client.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'there' }));
});

afterAll(async () => {
  client.destroy();
  await mock.close();
});

async function as(credentials: object, action: (client: S3Client) => Promise<unknown>): Promise<string> {
  const other = clientOf(mock, { credentials: { accessKeyId: 'owner', secretAccessKey: 'secret', ...credentials } });
  try {
    await action(other);
    return 'OK';
  } catch (thrown) {
    const { name, $metadata } = thrown as Error & { $metadata: { httpStatusCode: number } };
    return `${$metadata.httpStatusCode} ${name}`;
  } finally {
    other.destroy();
  }
}

const get = (one: S3Client) => one.send(new GetObjectCommand({ Bucket, Key: 'there' }));
const put = (one: S3Client) => one.send(new PutObjectCommand({ Bucket, Key: 'put', Body: 'put' }));

test('the secret decides: SignatureDoesNotMatch, and InvalidAccessKeyId for a stranger', async () => {
  expect(await as({}, get)).toBe('OK');
  expect(await as({ secretAccessKey: 'wrong' }, get)).toBe('403 SignatureDoesNotMatch');
  expect(await as({ accessKeyId: 'stranger' }, get)).toBe('403 InvalidAccessKeyId');
});

test('clock skew of more than 15 minutes, either way, is RequestTimeTooSkewed', async () => {
  const before = nowMs;
  for (const [minutes, code] of [
    [14, 'OK'],
    [16, '403 RequestTimeTooSkewed'],
    [-14, 'OK'],
    [-16, '403 RequestTimeTooSkewed'],
  ] as const) {
    nowMs = Date.now() + minutes * 60_000;
    expect(await as({}, get)).toBe(code);
  }
  nowMs = before;
});

test('temporary credentials need their token, and end', async () => {
  const guest = { accessKeyId: 'guest' };
  expect(await as({ ...guest, sessionToken: 'token' }, get)).toBe('OK');
  expect(await as({ ...guest, sessionToken: 'other' }, get)).toBe('400 InvalidToken');
  expect(await as(guest, get)).toBe('400 InvalidToken');
  const known = { ...guest, secretAccessKey: 'secret', sessionToken: 'token' };
  mock.credentialStore.set({ ...known, expiresAtMs: nowMs });
  expect(await as({ ...guest, sessionToken: 'token' }, get)).toBe('400 ExpiredToken');
  mock.credentialStore.set({ ...known, sessionToken: 'renewed' });
  expect(await as({ ...guest, sessionToken: 'renewed' }, get)).toBe('OK');
  mock.credentialStore.remove('guest');
  expect(await as({ ...guest, sessionToken: 'renewed' }, get)).toBe('403 InvalidAccessKeyId');
});

test('readers and sealed buckets: everything that changes something is AccessDenied', async () => {
  expect(await as({ accessKeyId: 'reader' }, get)).toBe('OK');
  expect(await as({ accessKeyId: 'reader' }, put)).toBe('403 AccessDenied');
  const sealed = { Bucket: 'sealed', Key: 'x' };
  expect(await as({}, (one) => one.send(new PutObjectCommand({ ...sealed, Body: '' })))).toBe('403 AccessDenied');
  expect(await as({}, (one) => one.send(new DeleteObjectCommand(sealed)))).toBe('403 AccessDenied');
  const CopySource = `${Bucket}/there`;
  expect(await as({}, (one) => one.send(new CopyObjectCommand({ ...sealed, CopySource })))).toBe('403 AccessDenied');
  expect(await as({}, (one) => one.send(new GetObjectCommand(sealed)))).toBe('404 NoSuchKey');
});

test('without a signature: AccessDenied', async () => {
  const response = await fetch(`${mock.endpoint}/${Bucket}/there`);
  expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied<')]);
});

describe('presigned addresses', () => {
  test('get and put, without another signature', async () => {
    const address = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'there' }), { expiresIn: 60 });
    expect(await (await fetch(address)).text()).toBe('there');
    const up = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'up &+ü' }), { expiresIn: 60 });
    expect((await fetch(up, { method: 'PUT', body: 'sent' })).status).toBe(200);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'up &+ü' }));
    expect(await got.Body?.transformToString()).toBe('sent');
  });

  test('only for what was signed, and only in time', async () => {
    const address = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'there' }), { expiresIn: 60 });
    const codeOf = async (url: string, method = 'GET') =>
      /<Code>(\w+)<\/Code><Message>([^<]*)/
        .exec(await (await fetch(url, { method })).text())
        ?.slice(1)
        .join(': ');
    expect(await codeOf(address.replace('there', 'other'))).toContain('SignatureDoesNotMatch');
    expect(await codeOf(address, 'DELETE')).toContain('SignatureDoesNotMatch');
    expect(await codeOf(`${address}&response-content-type=text/html`)).toContain('SignatureDoesNotMatch');
    const before = nowMs;
    nowMs = Date.now() + 61_000;
    expect(await codeOf(address)).toBe('AccessDenied: Request has expired');
    nowMs = before;
  });
});

describe('regions', () => {
  test('a bucket that is elsewhere redirects, and says where', async () => {
    const wrong = client.send(new HeadBucketCommand({ Bucket: 'abroad' }));
    await expect(wrong).rejects.toMatchObject({
      $metadata: { httpStatusCode: 301 },
      $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    });
    const there = clientOf(mock, { region: 'eu-west-1' });
    expect(await there.send(new HeadBucketCommand({ Bucket: 'abroad' }))).toMatchObject({ BucketRegion: 'eu-west-1' });
    there.destroy();
  });

  test('the SDK follows the redirect when it may', async () => {
    const following = clientOf(mock, { followRegionRedirects: true });
    await following.send(new PutObjectCommand({ Bucket: 'abroad', Key: 'a', Body: 'abroad' }));
    following.destroy();
  });

  test('a region that is neither is AuthorizationHeaderMalformed', async () => {
    const lost = clientOf(mock, { region: 'mars-north-1' });
    const getting = lost.send(new GetObjectCommand({ Bucket: 'abroad', Key: 'a' }));
    await expect(getting).rejects.toMatchObject({ name: 'AuthorizationHeaderMalformed', Region: 'eu-west-1' });
    lost.destroy();
  });
});

test('virtual-host style: the bucket is in the name of the host', async () => {
  const virtual = new S3Client({
    endpoint: `http://localhost:${mock.port}`,
    region: mock.region,
    credentials: mock.credentials,
    maxAttempts: 1,
    // Where every name below localhost leads, whatever the machine's resolver knows.
    requestHandler: { httpAgent: { lookup: toLoopback } },
  });
  await virtual.send(new PutObjectCommand({ Bucket, Key: 'virtual/a b', Body: 'virtual' }));
  const got = await virtual.send(new GetObjectCommand({ Bucket, Key: 'virtual/a b' }));
  expect(await got.Body?.transformToString()).toBe('virtual');
  virtual.destroy();
});

type Found = (error: null, found: string | { address: string; family: number }[], family?: number) => void;

function toLoopback(_name: string, options: { all?: boolean }, found: Found): void {
  if (options.all) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
}
