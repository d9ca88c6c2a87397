import type { FileStat } from '@libconveyor/storage';
import type { ObjectInfo } from './objects.ts';
import { mtimeOf } from './times.ts';

/** An object in the words of the contract. */
export function fileStatOf({ size, modifiedMs, etag, kept }: ObjectInfo): FileStat {
  return { type: 'file', size, mtimeMs: mtimeOf(kept) ?? modifiedMs, version: etag };
}

/** A directory; what has no marker has no time. */
export function directoryStat(modifiedMs = 0): FileStat {
  return { type: 'directory', size: 0, mtimeMs: modifiedMs };
}
