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

/** How the engines of a mount buffer; 0: the engine's default. */
export interface NativeEngineOptions {
  readonly depthMax: number;
  readonly writeDepth: number;
  readonly retryDeadlineMs: number;
  readonly readCapacityMax: number;
  readonly writeCapacityMax: number;
}

/** Asks about names and attributes; answered once, by `answer`. */
export type NativeAsk = (
  question: number,
  operation: string,
  node: number,
  name: string,
  other: string,
  args: number[],
) => void;

/** Asks for bytes on behalf of an engine; answered once, by `complete`. */
export type NativeDispatch = (
  engine: number,
  io: number,
  kind: number,
  buffer: Uint8Array | undefined,
  offset: number,
  count: number,
  dataOnly: boolean,
) => void;

/** Told a result, or -errno. */
export type NativeDone = (result: number) => void;

/** The addon's calls, as `native/src/addon.cpp` lists them. None of them waits. */
export interface NativeBinding {
  readonly abi: number;
  /** Returns the mount's number, or -errno. */
  mountLocal(settings: NativeLocalSettings, listener: NativeListener): number;
  /** Returns the mount's number. */
  mountStorage(settings: NativeSettings, listener: NativeListener, ask: NativeAsk, dispatch: NativeDispatch): number;
  answer(
    mount: number,
    question: number,
    errno: number,
    node: number,
    attributes: readonly number[] | undefined,
    text: string | undefined,
    modes: readonly number[] | undefined,
    keepsCache: boolean,
  ): void;
  /** Puts an engine in front of a node's file. Returns its number, or -errno. */
  openEngine(mount: number, node: number, flags: number, capabilities: number, options: NativeEngineOptions): number;
  closeEngine(mount: number, engine: number, done: NativeDone): void;
  engineSize(mount: number, engine: number, done: NativeDone): void;
  /** When something was written through it last, milliseconds since 1970; 0: never. */
  engineWritten(mount: number, engine: number): number;
  syncEngine(mount: number, engine: number, done: NativeDone): void;
  truncateEngine(mount: number, engine: number, size: number, done: NativeDone): void;
  /** Puts an engine over a copy of what another one has in its place. */
  moveToScratch(
    mount: number,
    node: number,
    engine: number,
    directory: string,
    options: NativeEngineOptions,
    done: NativeDone,
  ): void;
  complete(
    mount: number,
    engine: number,
    io: number,
    result: number,
    isRetryable: boolean,
    memory: Uint8Array | undefined,
  ): void;
  /** Forgets a mount that has ended. */
  finish(mount: number): void;
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
export const nativeAbi = 2;
