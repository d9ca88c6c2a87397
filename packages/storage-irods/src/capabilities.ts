import type { Capabilities } from '@libconveyor/storage';

const mib = 1024 ** 2;

/** What iRODS can do, and what is made of it here; ADR 0029 says why. */
export const irodsCapabilities: Capabilities = {
  randomWrite: true,
  append: 'emulated',
  truncate: true,
  // Over another object it is a removal and a rename, in one request.
  rename: 'emulated',
  atomicReplace: true,
  // A rename that does not overwrite is decided by the catalog; O_EXCL of servers is no promise.
  conditional: 'create',
  serverCopy: false,
  // Servers have nothing like fsync.
  durableSync: false,
  directories: true,
  // The time of change, whole seconds.
  posix: 'times',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 4 * mib, parallel: 8 },
  // Size and time of change, whole seconds.
  changeDetection: 'weak',
};
