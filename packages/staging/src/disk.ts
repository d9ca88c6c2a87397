import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** An open file of the local disk. Reads and writes may be short; errors are those of the system calls. */
export interface DiskFile {
  read(buffer: Uint8Array, offset: number): Promise<number>;
  write(buffer: Uint8Array, offset: number): Promise<number>;
  /** Called once, when no read or write is running. */
  close(): Promise<void>;
}

/** Where temporary files are kept. Tests give one that is full, or that waits. */
export interface Disk {
  /** Makes a new file for reading and writing, for its owner only. */
  create(path: string): Promise<DiskFile>;
  remove(path: string): Promise<void>;
}

const open: (path: string, flags: number, mode: number) => Promise<number> = promisify(fs.open);
const close: (fd: number) => Promise<void> = promisify(fs.close);
const unlink: (path: string) => Promise<void> = promisify(fs.unlink);
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

/** The machine's own. */
export const localDisk: Disk = {
  async create(path) {
    const fd = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    return {
      read: (buffer, offset) =>
        new Promise((resolve, reject) => {
          fs.read(fd, buffer, 0, buffer.byteLength, offset, (error, count) => (error ? reject(error) : resolve(count)));
        }),
      write: (buffer, offset) =>
        new Promise((resolve, reject) => {
          fs.write(fd, buffer, 0, buffer.byteLength, offset, (error, count) =>
            error ? reject(error) : resolve(count),
          );
        }),
      close: () => close(fd),
    };
  },
  remove: (path) => unlink(path),
};
