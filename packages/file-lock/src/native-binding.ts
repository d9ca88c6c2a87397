/**
 * The addon's calls, as `native/src/addon.cpp` lists them. None of them waits. Numbers of locks, tickets and owners
 * belong to the process, all its threads together.
 */
export interface NativeBinding {
  readonly abi: number;
  /** What the last attempt said beside its result: ticket (0: none), bits of {@link answerBit}, owner. */
  readonly answer: Float64Array;
  /**
   * One attempt. Returns the number of the lock, or -errno.
   *
   * @param flags Bits of {@link flag}.
   * @param owner 0 for one of its own.
   * @param ancestors Owners that the asker is part of.
   * @param ticket 0, or the place in the queue that an earlier attempt gave.
   */
  attempt(path: string, flags: number, owner: number, ancestors: readonly number[] | undefined, ticket: number): number;
  /** Returns 0, or -errno. */
  release(lock: number): number;
  /** Gives up a place in the queue. */
  cancel(ticket: number): void;
  /** The path of what is locked; undefined when the lock is no longer held by this process. */
  resource(lock: number): string | undefined;
  makeOwner(): number;
  /** 0, 1, or -errno. */
  isLocked(path: string, flags: number): number;
  /** The path of the sidecar, or -errno. */
  sidecar(path: string, flags: number): string | number;
  holder(path: string, flags: number): { pid: number; host: string; startedMs: number } | undefined;
}

/** `kAbi` of `native/src/addon.cpp`: an addon with another number does not fit this JavaScript. */
export const nativeAbi = 1;

/** What `attempt` is told. */
export const flag = { shared: 1, byteRange: 2, reentrant: 4, queues: 8, file: 16, directory: 32 } as const;

/** What `attempt` answers beside its result. */
export const answerBit = { isNext: 1, isPolite: 2 } as const;
