import type { Capabilities } from '@libconveyor/storage';

/** What S3 can do, and what is made of it here. */
export const s3Capabilities: Capabilities = {
  // What is not written is copied on the server; a part is the least that is sent.
  randomWrite: true,
  append: 'emulated',
  truncate: true,
  rename: 'emulated',
  atomicReplace: true,
  conditional: 'replace',
  serverCopy: true,
  durableSync: true,
  directories: true,
  // The time of change, as metadata of the object.
  posix: 'times',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 4 * 1024 ** 2, parallel: 16 },
  changeDetection: 'strong',
};
