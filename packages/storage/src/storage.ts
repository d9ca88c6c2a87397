import type { Capabilities } from './capabilities.ts';
import type { Attributes, DirectoryEntry, FileStat } from './file-stat.ts';
import type { OpenFlags } from './flags.ts';
import type {
  CopyOptions,
  MkdirOptions,
  OpenOptions,
  OperationOptions,
  ReplacementOptions,
  StatOptions,
  SyncOptions,
} from './operation-options.ts';

/**
 * A namespace of files: one file system, one bucket, one zone. Adapters implement it by extending `StorageAdapter`,
 * which checks arguments, signals and closing; layers (`withLatency`, ...) make a Storage of a Storage.
 *
 * Paths are strings with `/` between names; the adapter's page says what `.` and `..` mean to it.
 * Symbolic links: `stat`, `open` and `setAttributes` follow them; `list`, `remove`, `rename` and `readLink` do not.
 *
 * Errors: methods reject, none throws. Wrong arguments: TypeError or RangeError, nothing done. Everything else is a
 * ConveyorError with the errno's name as `code`: ENOTSUP for what the capabilities deny, EBADF after `close`, EIO for
 * what nobody knows. `retry: 'safe'` stands only where repeating cannot do harm.
 * Threads: one JavaScript thread; any number of operations at once.
 */
export interface Storage extends AsyncDisposable {
  /** The scheme of its URLs, without colon: `file`, `memory`, `s3`. */
  readonly scheme: string;
  /** Where this storage is, for messages: `file:/srv/data`, `s3://bucket`. */
  readonly name: string;
  readonly capabilities: Capabilities;

  /** Opens a file. Errors: ENOENT, EEXIST (O_EXCL), EISDIR, ENOTDIR, EACCES, ELOOP, ESPIPE (a pipe, a terminal ...). */
  open(path: string, flags: OpenFlags, options?: OpenOptions): Promise<StorageFile>;
  /** Opens a file for reading and writing that has no name until `commit` puts it under `path`. Errors: as `open`. */
  openReplacement(path: string, options?: ReplacementOptions): Promise<StorageReplacement>;
  /** Describes what a path names. Errors: ENOENT, ENOTDIR, EACCES, ELOOP. */
  stat(path: string, options?: StatOptions): Promise<FileStat>;
  /**
   * The entries of a directory, in no order; names that come or go meanwhile may be missing. Errors: ENOENT, ENOTDIR.
   */
  list(path: string, options?: OperationOptions): AsyncIterable<DirectoryEntry>;
  /** Makes a directory. Errors: EEXIST, ENOENT (no parent), ENOTDIR. */
  mkdir(path: string, options?: MkdirOptions): Promise<void>;
  /**
   * Removes a file, a link or an empty directory. Files open under it keep their bytes (`posix: 'full'`) or become
   * ESTALE.
   * Errors: ENOENT, ENOTEMPTY, EBUSY (the root).
   */
  remove(path: string, options?: OperationOptions): Promise<void>;
  /**
   * Moves a name over what is at `target`, as rename(2). Errors: ENOENT, EISDIR, ENOTDIR, ENOTEMPTY, EINVAL (into
   * itself).
   */
  rename(source: string, target: string, options?: OperationOptions): Promise<void>;
  /** Copies a file and the attributes that can be set; `target` appears complete or not at all. Errors: as `open`. */
  copy(source: string, target: string, options?: CopyOptions): Promise<void>;
  /** Sets the attributes that are given and no others. Errors: ENOENT, EPERM. */
  setAttributes(path: string, attributes: Attributes, options?: OperationOptions): Promise<void>;
  /** Where a symbolic link leads, as it was written. Errors: EINVAL (not a link), ENOENT. */
  readLink(path: string, options?: OperationOptions): Promise<string>;
  /** Makes the symbolic link `path` that leads to `content`, whether that exists or not. Errors: EEXIST, ENOENT. */
  makeLink(content: string, path: string, options?: OperationOptions): Promise<void>;
  /**
   * Refuses new operations, lets running ones finish, closes files still open (replacements are dropped). Idempotent.
   */
  close(): Promise<void>;
}

/**
 * An open file: positional I/O, no cursor, no buffer. Offsets and sizes are bytes, safe integers from 0.
 *
 * Reads of this file see every write that has resolved; other openings of the name see it after `sync` or `close` at
 * the latest. Overlapping writes in flight at once leave, for each byte, one of the values written.
 * Errors: EBADF when the flags do not allow the operation or the file is closed. A lost connection is never a short
 * read.
 */
export interface StorageFile extends AsyncDisposable {
  readonly path: string;
  /** The numeric O_* flags it was opened with. */
  readonly flags: number;
  /** A descriptor for native I/O on the very same file, owned by it and open until `close`. Absent unless exact. */
  readonly fd?: number | undefined;

  /**
   * Fills `buffer` from `offset` on. Resolves with its length, less only where the file ends, 0 at or behind the end.
   */
  read(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number>;
  /**
   * Writes all of `buffer` at `offset`; a gap behind the end reads as zeros. Resolves with its length, never less. When
   * it rejects, each byte of the range holds its old or its new value, and no other byte has changed.
   * Errors: EINVAL with O_APPEND (use `append`), EFBIG, ENOSPC, EDQUOT.
   */
  write(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number>;
  /**
   * Writes all of `buffer` at the end of the file as it is then; needs O_APPEND. Resolves with its length. When it
   * rejects, a part may have been appended. Errors: EINVAL without O_APPEND, EFBIG, ENOSPC, EDQUOT.
   */
  append(buffer: Uint8Array, options?: OperationOptions): Promise<number>;
  /** The length now, asked anew. */
  size(options?: OperationOptions): Promise<number>;
  stat(options?: OperationOptions): Promise<FileStat>;
  setAttributes(attributes: Attributes, options?: OperationOptions): Promise<void>;
  /** Cuts the file, or extends it with zeros. Errors: EFBIG, ENOSPC. */
  truncate(size: number, options?: OperationOptions): Promise<void>;
  /**
   * Makes every write that has resolved durable, as far as `durableSync` says. When it rejects, none of them counts so.
   */
  sync(options?: SyncOptions): Promise<void>;
  /**
   * Refuses new operations, lets running ones finish, frees. When it rejects, the file is closed and bytes that were
   * not synced may be lost. A second call gives the first one's result.
   */
  close(): Promise<void>;
}

/** A file without a name until `commit`; `close` before that drops it, as `abort` does. */
export interface StorageReplacement extends StorageFile {
  /**
   * Syncs, puts the file under its name in one step, over what is there, makes the name durable (`durableSync`),
   * closes. When it rejects, the name has its old content and `commit` can be repeated, unless the error's `detail`
   * says otherwise.
   */
  commit(options?: OperationOptions): Promise<void>;
  /** Drops the file; the name keeps its old content. Errors: EBADF after `commit`. */
  abort(): Promise<void>;
}
