import { constants } from 'node:fs';
import type { FileStat, FileType } from '@libconveyor/storage';

const typeBits: Readonly<Record<FileType, number>> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  other: 0,
};

/**
 * What `stat` gives, in the words of `fs.Stats`. A field that the storage does not know is undefined; none is made up.
 */
export class FileStats {
  readonly #type: FileType;
  /** Length in bytes, accepted bytes that have not landed included. */
  readonly size: number;
  /** Permission bits and type, as in st_mode. */
  readonly mode: number | undefined;
  readonly nlink: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly atimeMs: number | undefined;
  /** Of the storage: accepted bytes change it when they land. */
  readonly mtimeMs: number;
  /** Changes with the content, where the storage has such a thing. */
  readonly version: string | undefined;

  /** @param size The engine's end of file, which knows bytes that the storage does not have yet. */
  constructor(stat: FileStat, size: number) {
    this.#type = stat.type;
    this.size = size;
    this.mode = stat.mode === undefined ? undefined : stat.mode | typeBits[stat.type];
    this.nlink = stat.links;
    this.uid = stat.uid;
    this.gid = stat.gid;
    this.atimeMs = stat.atimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.version = stat.version;
  }

  get atime(): Date | undefined {
    return this.atimeMs === undefined ? undefined : new Date(this.atimeMs);
  }

  get mtime(): Date {
    return new Date(this.mtimeMs);
  }

  isFile(): boolean {
    return this.#type === 'file';
  }

  isDirectory(): boolean {
    return this.#type === 'directory';
  }

  isSymbolicLink(): boolean {
    return this.#type === 'symlink';
  }
}
