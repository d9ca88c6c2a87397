/** What a name leads to. `other`: a device, a socket, a pipe. */
export type FileType = 'file' | 'directory' | 'symlink' | 'other';

/** Attributes that can be set. */
export interface Attributes {
  /** Permission bits, 0 to 0o7777. */
  mode?: number | undefined;
  /** Time of the last access, milliseconds since 1970, fractions allowed. */
  atimeMs?: number | undefined;
  /** Time of the last change of the content, milliseconds since 1970, fractions allowed. */
  mtimeMs?: number | undefined;
}

/** A description of a file; what a storage does not know is absent. */
export interface FileStat {
  readonly type: FileType;
  /** Length in bytes; 0 for what is no file. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly atimeMs?: number | undefined;
  /** Permission bits, without the type. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** How many names the file has. */
  readonly links?: number | undefined;
  /** Changes with the content, see `changeDetection`: an ETag, a counter. */
  readonly version?: string | undefined;
  /** The same for two names within one scheme exactly when they lead to the same file. */
  readonly identity?: string | undefined;
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileType;
  /** Where listing gives it for nothing; `stat` with `followLinks: false` otherwise. */
  readonly stat?: FileStat | undefined;
}
