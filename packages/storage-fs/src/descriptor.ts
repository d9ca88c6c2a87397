import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { ConveyorError } from '@libconveyor/errors';
import { codeOf, origin } from './error-map.ts';

/** Node's functions on descriptors as promises; they run on the threads of libuv. */
export const open: (path: string, flags: number, mode: number) => Promise<number> = promisify(fs.open);
export const close: (fd: number) => Promise<void> = promisify(fs.close);
export const fsync: (fd: number) => Promise<void> = promisify(fs.fsync);
export const fdatasync: (fd: number) => Promise<void> = promisify(fs.fdatasync);
export const ftruncate: (fd: number, size: number) => Promise<void> = promisify(fs.ftruncate);
export const fchmod: (fd: number, mode: number) => Promise<void> = promisify(fs.fchmod);
export const fchown: (fd: number, uid: number, gid: number) => Promise<void> = promisify(fs.fchown);
export const futimes: (fd: number, atimeS: number, mtimeS: number) => Promise<void> = promisify(fs.futimes);

/** Node and Linux refuse single transfers from 2 GiB on. */
const transferBytesMax = 2 ** 30;

/** How often in a row a transfer may be interrupted by a signal before that counts as an error. */
const interruptionsMax = 100;

export function fstat(fd: number): Promise<fs.BigIntStats> {
  return new Promise((resolve, reject) => {
    fs.fstat(fd, { bigint: true }, (error, stats) => (error ? reject(error) : resolve(stats)));
  });
}

/**
 * Moves the bytes of `buffer` in as many system calls as it takes: short transfers are continued, interrupted ones
 * repeated.
 *
 * @param transfer One system call on a part of the buffer, `done` bytes behind its begin; gives how many bytes it
 * moved.
 * @param mayGoOn Asked before each call; what it throws ends the transfer.
 * @returns How many bytes were moved: fewer than asked when a call moved none.
 */
export async function transferAll(
  buffer: Uint8Array,
  transfer: (part: Uint8Array, done: number) => Promise<number>,
  mayGoOn: () => void,
): Promise<number> {
  let done = 0;
  let interruptions = 0;
  while (done < buffer.byteLength) {
    mayGoOn();
    try {
      const count = await transfer(buffer.subarray(done, done + transferBytesMax), done);
      if (count === 0) return done;
      done += count;
      interruptions = 0;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EINTR' || ++interruptions > interruptionsMax) throw thrown;
    }
  }
  return done;
}

/** pread(2). Resolves with a count, 0 at the end of the file. */
export function readAt(fd: number, buffer: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, buffer.byteLength, offset, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** pwrite(2), or write(2) where `offset` is null. Resolves with a count. */
export function writeAt(fd: number, buffer: Uint8Array, offset: number | null): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, buffer, 0, buffer.byteLength, offset, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** Makes the names in a directory durable. File systems that cannot sync a directory have nothing to make durable. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = await open(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY, 0);
  try {
    await fsync(fd);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw thrown;
  } finally {
    await close(fd);
  }
}

/** Refuses what has no positional I/O. Errors: EISDIR, ESPIPE, ENOTSUP. */
export function requireRegular(stats: fs.Stats | fs.BigIntStats, operation: string, path: string): void {
  if (stats.isFile() || stats.isSymbolicLink()) return;
  if (stats.isDirectory()) throw new ConveyorError('EISDIR', { origin, operation, path });
  if (stats.isBlockDevice()) {
    throw new ConveyorError('ENOTSUP', { origin, operation, path, detail: 'it is a block device' });
  }
  const what = stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a character device';
  throw new ConveyorError('ESPIPE', { origin, operation, path, detail: `it is ${what}` });
}
