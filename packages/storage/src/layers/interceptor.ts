import type { DirectoryEntry } from '../file-stat.ts';

/** The operations of Storage and StorageFile that a layer sees, in the order of `storage.ts`. */
export const operationNames = [
  'open',
  'openReplacement',
  'stat',
  'list',
  'mkdir',
  'remove',
  'rename',
  'copy',
  'setAttributes',
  'readLink',
  'makeLink',
  'read',
  'write',
  'append',
  'size',
  'truncate',
  'sync',
  'commit',
  'close',
] as const;

/** A name of {@link operationNames}. `stat`, `setAttributes` and `close` stand for those of storages and of files. */
export type OperationName = (typeof operationNames)[number];

/** One call on its way through a layer. */
export interface Call {
  readonly operation: OperationName;
  /** The file's path, or the first path among the arguments; undefined for `close` of a storage. */
  readonly path: string | undefined;
  /** Position in the file, where there is one. */
  readonly offset: number | undefined;
  /** Bytes to be read or written, or to cut at; undefined for the rest. */
  readonly length: number | undefined;
  /** The caller's bytes, for `read`, `write` and `append`. */
  readonly buffer: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Goes on to the next layer. `buffer` replaces the caller's own bytes for `write` and `append`. */
export type Proceed<T> = (buffer?: Uint8Array) => Promise<T>;

/** What makes a layer: it stands around every call. */
export interface Interceptor {
  /** Runs `proceed` once, several times or not at all, and answers in its place. */
  around<T>(call: Call, proceed: Proceed<T>): Promise<T>;
  /** For `list`; `begin` starts a listing. Default: `around` stands around the first entry, the others pass. */
  aroundList?(call: Call, begin: () => AsyncIterable<DirectoryEntry>): AsyncIterable<DirectoryEntry>;
}
