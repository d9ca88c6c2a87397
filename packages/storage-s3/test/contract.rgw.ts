import { randomBytes } from 'node:crypto';
import { storageContract } from '@libconveyor/storage/testing';
import { beforeAll, expect, test } from 'vitest';
import { S3Storage, type S3StorageOptions } from '../src/index.ts';
import { signature } from '../src/protocol/signature.ts';
import { contentOf, create, isSame, pattern } from './world.ts';

/* The contract on a real RGW: `node tools/ceph/run.mjs -- ...` says where it is. */

const capabilities = {
  randomWrite: true,
  append: 'emulated',
  truncate: true,
  rename: 'emulated',
  atomicReplace: true,
  conditional: 'replace',
  serverCopy: true,
  durableSync: true,
  directories: true,
  posix: 'times',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 4194304, parallel: 16 },
  changeDetection: 'strong',
} as const;

const { CONVEYOR_S3_ENDPOINT: endpoint = '', AWS_REGION: region = 'us-east-1' } = process.env;
const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
const bucket = `conveyor-${randomBytes(6).toString('hex')}`;
let casesBegun = 0;

beforeAll(async () => {
  const host = new URL(endpoint).host;
  const request = { method: 'PUT', path: `/${bucket}`, query: {}, headers: { host } };
  const payload = 'UNSIGNED-PAYLOAD';
  const headers = signature(request, payload, { accessKeyId, secretAccessKey }, { region, date: new Date() });
  const answer = await fetch(`${endpoint}/${bucket}`, { method: 'PUT', headers });
  expect(answer.status).toBe(200);
});

function connect(options: Partial<S3StorageOptions> = {}): Promise<S3Storage> {
  return S3Storage.connect({ bucket, endpoint, region, credentials: { accessKeyId, secretAccessKey }, ...options });
}

storageContract(
  's3 on RGW',
  async () => {
    const storage = await connect();
    const base = `/case-${casesBegun++}`;
    await storage.mkdir(base);
    return { storage, base };
  },
  { capabilities },
);

test('parts, copies on the server, and a rewrite come out right on a real server', async () => {
  await using storage = await connect({ partBytes: 5 * 2 ** 20 });
  const bytes = pattern(21 * 2 ** 20 + 5);
  await create(storage, '/large', bytes);
  const file = await storage.open('/large', 'r+');
  await file.write(pattern(100, 9), 12 * 2 ** 20);
  bytes.set(pattern(100, 9), 12 * 2 ** 20);
  await file.close();
  expect(isSame(await contentOf(storage, '/large'), bytes)).toBe(true);
});

test('conditions that the endpoint ignores on uploads of parts are refused, not forgotten', async () => {
  await using storage = await connect({ partBytes: 5 * 2 ** 20 });
  await create(storage, '/versioned', pattern(10));
  const { version } = await storage.stat('/versioned');
  const file = await storage.openReplacement('/versioned', { ifVersion: version });
  await file.write(pattern(11 * 2 ** 20), 0);
  const outcome = await file.commit().then(
    () => 'committed',
    (thrown: { code?: string }) => thrown.code,
  );
  await file.close();
  expect(['committed', 'ENOTSUP']).toContain(outcome);
  const there = await contentOf(storage, '/versioned');
  expect(isSame(there, outcome === 'committed' ? pattern(11 * 2 ** 20) : pattern(10))).toBe(true);
});
