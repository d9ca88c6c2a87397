import { type Capabilities, MemoryStorage, memoryCapabilities } from '../src/index.ts';
import { storageContract } from '../src/testing/index.ts';

/*
 * The contract on storages that can do less: what is missing must be ENOTSUP, and the rest must hold. Each differs from
 * the memory storage in what is named, and the last ones are like an object store and like a write-once archive.
 */
const lesser: Readonly<Record<string, Partial<Capabilities>>> = {
  'emulated append': { append: 'emulated' },
  'no append': { append: 'none' },
  'no random writes': { randomWrite: false },
  'no truncate': { truncate: false },
  'no rename': { rename: 'none' },
  'no replacement': { atomicReplace: false },
  'conditional creation only': { conditional: 'create' },
  'no conditions': { conditional: 'none' },
  'no copy': { serverCopy: false },
  'no directories': { directories: false },
  'times only': { posix: 'times' },
  'no attributes': { posix: 'none' },
  'small operations': { io: { maxBytes: 1 << 20, preferredBytes: 4096, parallel: 1 } },
  'no versions': { changeDetection: 'none' },
  'the ways of an object store': { append: 'none', rename: 'emulated', directories: false, posix: 'none' },
  'the ways of an archive': {
    randomWrite: false,
    append: 'none',
    truncate: false,
    rename: 'none',
    atomicReplace: false,
    conditional: 'none',
    serverCopy: false,
    directories: false,
    posix: 'none',
    changeDetection: 'none',
  },
};

for (const [name, capabilities] of Object.entries(lesser)) {
  storageContract(`memory with ${name}`, () => ({ storage: new MemoryStorage({ capabilities }) }), {
    capabilities: { ...memoryCapabilities, ...capabilities },
  });
}
