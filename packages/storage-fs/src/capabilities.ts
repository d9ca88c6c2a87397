import type { Capabilities } from '@libconveyor/storage';

/** What the local file system can do. */
export const fsCapabilities: Capabilities = {
  randomWrite: true,
  append: 'atomic',
  truncate: true,
  rename: 'atomic',
  atomicReplace: true,
  // link(2) refuses an existing name in one step; nothing compares versions in one.
  conditional: 'create',
  serverCopy: true,
  durableSync: true,
  directories: true,
  posix: 'full',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 256 * 1024, parallel: 4 },
  // By inode, size and two times, which the kernel takes from a clock that ticks every few milliseconds.
  changeDetection: 'weak',
};
