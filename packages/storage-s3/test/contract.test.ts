import { startS3Mock } from '@libconveyor/s3-mock';
import { layeredStorageContract, storageContract } from '@libconveyor/storage/testing';
import { afterAll, beforeAll } from 'vitest';
import { S3Storage, type S3StorageOptions } from '../src/index.ts';

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

const buckets = Array.from({ length: 2000 }, (_, index) => `contract-${index}`);

let mock: Awaited<ReturnType<typeof startS3Mock>>;
let bucketsUsed = 0;

beforeAll(async () => {
  mock = await startS3Mock({ buckets, partLengthMin: 1 });
});

afterAll(async () => {
  await mock.close();
});

async function connect(options: Partial<S3StorageOptions> = {}) {
  const { endpoint, region, credentials } = mock;
  const bucket = buckets[bucketsUsed++] as string;
  return { storage: await S3Storage.connect({ bucket, endpoint, region, credentials, retryDelayMs: 0, ...options }) };
}

layeredStorageContract('s3', () => connect(), { capabilities });

// Files of the contract have many parts then, and memory for one or two of them.
storageContract('s3 in small parts', () => connect({ partBytes: 65_536, memoryBytes: 65_536 }), { capabilities });

storageContract('s3 without directories', () => connect({ directories: false }), {
  capabilities: { ...capabilities, directories: false },
});
