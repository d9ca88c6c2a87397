/** Options that every operation takes. */
export interface OperationOptions {
  /**
   * Asks the operation to end early. Aborted before the call: rejected with ECANCELED (ETIMEDOUT for the TimeoutError
   * of `AbortSignal.timeout`), nothing done. Aborted while it runs: the same as soon as the storage can stop, else the
   * operation's own result. Either way the promise settles only when the storage no longer touches the caller's buffer.
   */
  signal?: AbortSignal | undefined;
}

/** Options of `Storage.stat`. */
export interface StatOptions extends OperationOptions {
  /** False describes a symbolic link itself instead of what it leads to. Default true. */
  followLinks?: boolean | undefined;
}

/** Options of `Storage.open`. */
export interface OpenOptions extends OperationOptions {
  /**
   * Permission bits of a file that this call creates, before the umask. Default 0o666; giving it needs `posix: 'full'`.
   */
  mode?: number | undefined;
  /**
   * Opens only while the file's version is this one, else ESTALE. Not with O_CREAT or O_TRUNC. Needs `changeDetection`.
   */
  ifVersion?: string | undefined;
}

/** Options of `Storage.mkdir`. */
export interface MkdirOptions extends OperationOptions {
  /** Permission bits before the umask. Default 0o777; giving it needs `posix: 'full'`. */
  mode?: number | undefined;
  /** Also makes the parents that are missing, and accepts a directory that exists. */
  recursive?: boolean | undefined;
}

/** Options of `Storage.copy`. */
export interface CopyOptions extends OperationOptions {
  /** EEXIST when the target exists, instead of replacing it. Needs `conditional`. */
  exclusive?: boolean | undefined;
}

/** Options of `Storage.openReplacement`: at most one of the two conditions, which `commit` decides. */
export interface ReplacementOptions extends OperationOptions {
  /** Permission bits, exactly. Default: those of the file that is replaced, else 0o666 less the umask. */
  mode?: number | undefined;
  /** `commit` is EEXIST when the name exists. Needs `conditional`. */
  exclusive?: boolean | undefined;
  /** `commit` is ESTALE when the name does not have this version. Needs `conditional: 'replace'`. */
  ifVersion?: string | undefined;
}

/** Options of `StorageFile.sync`. */
export interface SyncOptions extends OperationOptions {
  /** As fdatasync(2): leaves out what is not needed to read the bytes back. */
  dataOnly?: boolean | undefined;
}
