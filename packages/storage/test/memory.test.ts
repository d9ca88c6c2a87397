import { MemoryStorage } from '../src/index.ts';
import { layeredStorageContract } from '../src/testing/index.ts';

layeredStorageContract('memory', () => ({ storage: new MemoryStorage() }), {
  capabilities: {
    randomWrite: true,
    append: 'atomic',
    truncate: true,
    rename: 'atomic',
    atomicReplace: true,
    conditional: 'replace',
    serverCopy: true,
    durableSync: false,
    directories: true,
    posix: 'full',
    io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 65536, parallel: 64 },
    changeDetection: 'strong',
  },
});
