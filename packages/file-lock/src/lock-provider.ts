import type { LockOwner } from './lock-owner.ts';

/** `'exclusive'`: nobody else; `'shared'`: others who want it shared. */
export type LockMode = 'exclusive' | 'shared';

/** How a lock is taken. */
export interface LockOptions {
  /** Default: `'exclusive'`. */
  readonly mode?: LockMode | undefined;
  /** Makes an owner of several locks, beyond the `withLock` around the call. */
  readonly owner?: LockOwner | undefined;
  /** The owner may take what it holds once more; each is released by itself. Default: false, which is EDEADLK. */
  readonly reentrant?: boolean | undefined;
  /**
   * What the path stands for. Default `'any'`: what is there, and a file where nothing is. Whoever locks a directory
   * before it exists says so.
   */
  readonly resource?: 'any' | 'file' | 'directory' | undefined;
  /**
   * `'byte-range'`: fcntl(2) locks of open file descriptions, for file systems without flock(2). They do not see
   * flock's: all who share a resource use the same. Default: `'flock'`.
   */
  readonly primitive?: 'flock' | 'byte-range' | undefined;
}

/** How a lock is waited for. */
export interface WaitOptions extends LockOptions {
  /** Milliseconds from the call to ETIMEDOUT. Default: no limit. */
  readonly timeout?: number | undefined;
  /** Ends the waiting with an AbortError. */
  readonly signal?: AbortSignal | undefined;
  /** Bounds of the pause between attempts, in milliseconds. Default: 1 and 20. */
  readonly poll?: { readonly minMs?: number | undefined; readonly maxMs?: number | undefined } | undefined;
}

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** When the process started; undefined where nobody knows. */
  readonly startedAt: Date | undefined;
}

/** A lock that was got. */
export interface HeldLock extends AsyncDisposable {
  readonly mode: LockMode;
  /** What is protected, while it is; undefined afterwards. Work with this path, not with the one that was asked for. */
  readonly lockedResourcePath: string | undefined;
  /**
   * Grows from holder to holder, for a storage that refuses the late writes of a holder that has lost its lock.
   * undefined where a lock cannot be lost while its holder runs, as on one machine.
   */
  readonly fencingToken: bigint | undefined;
  /** Gives it back; the second time does nothing. */
  release(): Promise<void>;
}

/**
 * A place where locks are kept. This package has {@link flockProvider}, for one machine. Across machines a lock needs
 * a service that knows who is alive, and {@link HeldLock.fencingToken}. Clause: L9.
 */
export interface LockProvider {
  readonly name: string;
  /** Waits. Errors: ETIMEDOUT, AbortError, EDEADLK, ENOTSUP, and those of the place. */
  acquire(path: string, options?: WaitOptions): Promise<HeldLock>;
  /** Does not wait. Errors: EAGAIN (EWOULDBLOCK) when somebody holds it; those of `acquire`. */
  tryAcquire(path: string, options?: LockOptions): Promise<HeldLock>;
  isLocked(path: string, options?: LockOptions): Promise<boolean>;
  /** One of them, as far as anybody knows. */
  holder(path: string, options?: LockOptions): Promise<LockHolder | undefined>;
}
