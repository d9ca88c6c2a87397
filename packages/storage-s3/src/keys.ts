import { Refusal } from './error-map.ts';

/** A path as a place in a bucket. */
export interface KeyPath {
  /** Names with slashes between; empty: the bucket itself. */
  readonly key: string;
  /** Whether it was written as a directory. */
  readonly asDirectory: boolean;
}

const keyBytesMax = 1024;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * The key that a path means: a leading slash may be left out, empty names and `.` mean nothing.
 *
 * Errors: EINVAL for `..`, which would have to be looked up; ENAMETOOLONG past 1024 bytes of UTF-8.
 */
export function keyOfPath(path: string): KeyPath {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new Refusal('EINVAL', "'..' has no meaning in a bucket");
  const key = names.join('/');
  // A directory is its key with a slash behind it.
  if (Buffer.byteLength(key) >= keyBytesMax) throw new Refusal('ENAMETOOLONG', 'keys have at most 1024 bytes');
  if (loneSurrogate.test(key)) throw new Refusal('EILSEQ', 'the name is not Unicode');
  return { key, asDirectory: key === '' || /(^|\/)\.?$/.test(path) };
}

/** The key of the directory that holds a key; empty: the bucket. */
export function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

/** The prefix of everything in a directory. */
export function prefixOf(directory: string): string {
  return directory === '' ? '' : `${directory}/`;
}
