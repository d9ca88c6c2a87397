import { layeredStorageContract } from '@libconveyor/storage/testing';
import { tempDir } from '@libconveyor/testkit';
import { FsStorage } from '../src/index.ts';

const capabilities = {
  randomWrite: true,
  append: 'atomic',
  truncate: true,
  rename: 'atomic',
  atomicReplace: true,
  conditional: 'create',
  serverCopy: true,
  durableSync: true,
  directories: true,
  posix: 'full',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 262144, parallel: 4 },
  changeDetection: 'weak',
} as const;

layeredStorageContract(
  'fs',
  async () => {
    const dir = await tempDir();
    return { storage: new FsStorage(), base: dir.path, dispose: () => dir.remove() };
  },
  { capabilities, fd: true },
);

layeredStorageContract(
  'fs with a root',
  async () => {
    const dir = await tempDir();
    return { storage: new FsStorage({ root: dir.path }), dispose: () => dir.remove() };
  },
  { capabilities, fd: true },
);
