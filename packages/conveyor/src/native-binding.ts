/**
 * The addon's calls, as `native/src/addon.cpp` lists them. Only this package uses them; they check for memory safety,
 * the callers check for sense.
 *
 * Most return one number: a result >= 0, -errno, or `pendingBase - slot` for an operation that is settled later,
 * which is when `settle` is called with its slot and result.
 */
export interface NativeBinding {
  readonly abi: number;
  readonly version: string;

  /**
   * Connects this thread's JavaScript. `settle(count)` finds `count` (slot, result) pairs in `batch`; `dispatch` gets
   * the requests to storages written in JavaScript. Neither may throw.
   */
  attach(settle: (count: number) => void, dispatch: Dispatch, batch: Float64Array): void;

  openDescriptor(fd: number, flags: number, options: NativeOptions): number;
  openJavaScript(flags: number, capabilities: number, options: NativeOptions): number;
  complete(handle: number, io: number, result: number, retryable: boolean, view: Uint8Array | undefined): number;

  /** Through memory of the addon's own; a read that was pending needs `collect` when it is settled. */
  read(handle: number, view: ArrayBufferView, offset: number, length: number, position: number): number;
  write(handle: number, view: ArrayBufferView, offset: number, length: number, position: number): number;
  /** Straight from or into the view, which nobody else may know before the operation is settled. */
  readOwn(handle: number, view: Uint8Array, offset: number, length: number, position: number): number;
  writeOwn(handle: number, view: Uint8Array, offset: number, length: number, position: number): number;
  collect(slot: number, view: ArrayBufferView, offset: number): number;
  cancel(slot: number): boolean;

  seek(handle: number, offset: number, whence: number): number;
  size(handle: number): number;
  truncate(handle: number, size: number): number;
  flush(handle: number): number;
  sync(handle: number, dataOnly: boolean): number;
  close(handle: number): number;
  prefetch(handle: number, offset: number, count: number): number;
  invalidate(handle: number): number;
  clearError(handle: number): number;
  stats(handle: number): NativeStats | number;
  /** As `stats`, into an array, without starting a new window. Adds to `histograms`. */
  observe(handle: number, values: Float64Array, histograms: Float64Array | undefined): number;
  errorInfo(handle: number): NativeErrorInfo | number;

  /** These block the thread and answer ENOTSUP for storages written in JavaScript. */
  readSync(handle: number, view: ArrayBufferView, offset: number, length: number, position: number): number;
  writeSync(handle: number, view: ArrayBufferView, offset: number, length: number, position: number): number;
  seekSync(handle: number, offset: number, whence: number): number;
  sizeSync(handle: number): number;
  truncateSync(handle: number, size: number): number;
  flushSync(handle: number): number;
  syncSync(handle: number, dataOnly: boolean): number;

  configureRuntime(workerThreads: number, memoryBudget: number): number;
  drain(timeoutMs: number): Promise<NativeDrain>;
}

/** `kAbi` of `native/src/addon.cpp`: an addon with another number does not fit this JavaScript. */
export const nativeAbi = 2;

/** `kPendingBase` of `native/src/environment.hpp`. */
export const pendingBase: number = -8192;

/** The position that means "at the cursor". */
export const atCursor: number = -1;

/** How many operations one `settle` brings at most; `batch` has twice as many elements. */
export const batchMax = 256;

/** `enum conveyor_io_kind`. */
export const ioKind = { read: 1, write: 2, append: 3, size: 4, truncate: 5, sync: 6, close: 7 } as const;

/** `enum conveyor_capability`. */
export const capabilityBit = { append: 1, truncate: 2, sync: 4 } as const;

/** Stands for CONVEYOR_UNBUFFERED in an option. */
export const unbuffered: number = -1;

/** `buffer` holds what is to be written; `offset` is the new size in a truncate. */
export type Dispatch = (
  handle: number,
  io: number,
  kind: number,
  buffer: Uint8Array | undefined,
  offset: number,
  count: number,
  dataOnly: boolean,
) => void;

/** Fields of `conveyor_options_t`; what is left out has the engine's default. */
export type NativeOptions = Readonly<Record<string, number | undefined>>;

export interface NativeErrorInfo {
  readonly errno: number;
  readonly operation: number;
  readonly retries: number;
  readonly offset: number;
  readonly length: number;
}

export interface NativeDrain {
  readonly errno: number;
  readonly handles: number;
  readonly bytes: number;
  readonly oldestMs: number;
}

/** `conveyor_latency_t`: percentiles of one kind of operation, in nanoseconds; zeros when count is zero. */
export interface Latency {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly maxNs: number;
}

/** `conveyor_stats_t` without its head. Clause: O1. */
export interface NativeStats {
  /** The sticky error's errno, 0 if there is none. */
  readonly stickyError: number;
  /** Since the last call: by the application. */
  readonly windowBytesRead: number;
  readonly windowBytesWritten: number;
  /** Since the last call: average latency of backend operations, 0 if there was none. */
  readonly windowBackendReadNsAvg: number;
  readonly windowBackendWriteNsAvg: number;
  /** Since the last call: operations that had to wait for room. */
  readonly windowCongestions: number;
  /** From here on since the handle was opened: application operations that succeeded, and their bytes. */
  readonly reads: number;
  readonly writes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Reads served from memory, and those that waited for the backend. */
  readonly readHits: number;
  readonly readMisses: number;
  readonly backendReads: number;
  readonly backendWrites: number;
  readonly backendOthers: number;
  readonly backendBytesRead: number;
  readonly backendBytesWritten: number;
  /** Retries of transient backend errors. */
  readonly retries: number;
  /** Bytes replaced while they were still queued. */
  readonly rewritesInPlace: number;
  /** Waits for room, and how long they took in all. */
  readonly stalls: number;
  readonly stallNs: number;
  /** Write-behind errors that nobody has been told of yet. */
  readonly unreportedErrors: number;
  /** Now: accepted and not landed. */
  readonly dirtyBytes: number;
  /** Now: nanoseconds since the oldest of them was accepted, 0 if there is none. */
  readonly dirtyAgeNs: number;
  /** Now: size of the write ring. */
  readonly writeCapacity: number;
  /** Now: held by read-ahead. */
  readonly windowBytes: number;
  /** Now in force, options and adaptation together. Clause: A1. */
  readonly maxIo: number;
  readonly flushThreshold: number;
  /** All windows of the handle together, at most. */
  readonly windowLimit: number;
  readonly writeDepth: number;
  readonly readDepth: number;
  /** How often adaptation has changed one of these. */
  readonly adaptations: number;
  /** Application writes per backend write, 0 if there was none. */
  readonly coalescingRatio: number;
  /** Operations of the application that had to wait. */
  readonly appRead: Latency;
  readonly appWrite: Latency;
  /** flush, sync, truncate, size, seek that had to wait. */
  readonly appOther: Latency;
  readonly backendRead: Latency;
  readonly backendWrite: Latency;
  readonly backendOther: Latency;
}
