import type { BigIntStats } from 'node:fs';
import type { Attributes, FileStat, FileType } from '@libconveyor/storage';

/** The kernel's answer in the words of the contract. */
export function fileStatOf(stats: BigIntStats): FileStat {
  const type = fileTypeOf(stats);
  return {
    type,
    size: type === 'file' ? Number(stats.size) : 0,
    mtimeMs: Number(stats.mtimeNs) / 1e6,
    atimeMs: Number(stats.atimeNs) / 1e6,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
    ...(type === 'file' ? { version: versionOf(stats) } : {}),
    identity: `${stats.dev}:${stats.ino}`,
  };
}

/** What kind of thing a directory entry or a stat is about. */
export function fileTypeOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileType {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

/** The two times for utimes(2), in seconds; it sets both, so one that is not given is the one that is there. */
export function timesOf(attributes: Attributes, stats: BigIntStats): { atimeS: number; mtimeS: number } {
  return {
    atimeS: secondsOf(attributes.atimeMs ?? Number(stats.atimeNs) / 1e6),
    mtimeS: secondsOf(attributes.mtimeMs ?? Number(stats.mtimeNs) / 1e6),
  };
}

/**
 * The middle of the microsecond that is meant: libuv cuts off what is behind it, and a time exactly at its beginning
 * may be the number just below.
 */
function secondsOf(ms: number): number {
  return (Math.round(ms * 1000) + 0.5) / 1e6;
}

function versionOf(stats: BigIntStats): string {
  return `${stats.ino}-${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}`;
}
