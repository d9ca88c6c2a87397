/** How a mount is made; see `SessionSettings` and `Presentation` of the native part. */
export interface NativeSettings {
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly threads: number;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly umask?: number | undefined;
  readonly entryTimeoutS: number;
  readonly attributeTimeoutS: number;
}

export interface NativeLocalSettings extends NativeSettings {
  readonly root: string;
  readonly acl: boolean;
}

/** What happens to a mount: `mounted` or `failed`, and `ended` after `mounted`. `words` are libfuse's. */
export type NativeListener = (event: 'mounted' | 'failed' | 'ended', errno: number, words: string) => void;

/** What a mount has done and is doing. */
export interface NativeReport {
  /** Requests so far, by operation. */
  readonly totals: Readonly<Record<string, number>>;
  /** Requests under way, the oldest first. */
  readonly waiting: readonly WaitingRequest[];
}

/** A request of the kernel that has not been answered. */
export interface WaitingRequest {
  readonly operation: string;
  /** The number by which the kernel knows the file; 1 is the root. */
  readonly node: number;
  /** The process that waits; 0 where it is the kernel itself. */
  readonly process: number;
  readonly ageMs: number;
}

/** The addon's calls, as `native/src/addon.cpp` lists them. None of them waits. */
export interface NativeBinding {
  readonly abi: number;
  /** Returns the mount's number, or -errno. */
  mountLocal(settings: NativeLocalSettings, listener: NativeListener): number;
  /** As root: takes the mount out of the tree; `lazily`, files that are open in it go on working. */
  unmount(mount: number, lazily: boolean, done: (errno: number) => void): void;
  /** From now on what would change the tree is EROFS. */
  refuseChanges(mount: number): void;
  /** Lands what was accepted. */
  drain(
    mount: number,
    timeoutMs: number,
    done: (errno: number, files?: number, bytes?: number, oldestMs?: number) => void,
  ): void;
  /** The mount no longer keeps this process alive. */
  letGo(mount: number): void;
  /** undefined when the mount has ended. */
  report(mount: number): NativeReport | undefined;
}

/** `kAbi` of `native/src/addon.cpp`: an addon with another number does not fit this JavaScript. */
export const nativeAbi = 1;
