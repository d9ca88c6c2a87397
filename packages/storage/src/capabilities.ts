/**
 * What a storage can do: a closed record, the same for every adapter. Each field names what it gates; what a storage
 * lacks is ENOTSUP at the call that needs it, never a silent substitute. The adapter's own test states the values it
 * expects, so that none can vanish quietly.
 */
export interface Capabilities {
  /** `write` at any offset in any order (clause W4). Without: every write starts where the one before ended. */
  readonly randomWrite: boolean;
  /**
   * O_APPEND and `append` (clause W9). `atomic`: other writers' bytes are never overwritten; `emulated`: the size is
   * asked for, then written at.
   */
  readonly append: 'none' | 'emulated' | 'atomic';
  /** `truncate` of an open file, to shorter and to longer (clause P4). O_TRUNC needs no capability. */
  readonly truncate: boolean;
  /** `rename`. `atomic`: others see the old or the new name, never both or none; `emulated`: copy, then remove. */
  readonly rename: 'none' | 'emulated' | 'atomic';
  /** `openReplacement`: a file appears complete under its name or not at all. */
  readonly atomicReplace: boolean;
  /**
   * `create`: O_EXCL and the option `exclusive` are decided by the storage in one step; `replace`: so is `ifVersion` of
   * `openReplacement`.
   */
  readonly conditional: 'none' | 'create' | 'replace';
  /** `copy`: bytes go from name to name without passing through this process's memory. */
  readonly serverCopy: boolean;
  /**
   * What `sync` and `commit` confirmed survives power loss (clauses F2, F10). Without: it survives this process, no
   * more; `sync` still resolves once everything written has arrived.
   */
  readonly durableSync: boolean;
  /** `mkdir`, empty directories, ENOTDIR. Without: names are flat, and only `list` reads directories into their `/`. */
  readonly directories: boolean;
  /**
   * `setAttributes`, `mode`, links. `times`: only `atimeMs` and `mtimeMs`; `full`: also mode bits and symbolic links.
   */
  readonly posix: 'none' | 'times' | 'full';
  /** Sizes and counts that I/O keeps to (clauses W5, R3). */
  readonly io: IoLimits;
  /**
   * `version` of `stat` and `ifVersion` of `open`. `strong`: every change of the content shows; `weak`: two changes
   * within one tick of a clock may look the same.
   */
  readonly changeDetection: 'none' | 'weak' | 'strong';
}

/** Limits on single reads and writes. */
export interface IoLimits {
  /** Largest buffer of one `read`, `write` or `append`, bytes; a larger one is a RangeError. */
  readonly maxBytes: number;
  /** Size from which larger operations bring no more throughput, bytes. */
  readonly preferredBytes: number;
  /** Operations on one file that are worth having in flight; 1 = the storage runs them one after another. */
  readonly parallel: number;
}
