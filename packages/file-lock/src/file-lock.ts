import { requireFunction, requireString } from '@libconveyor/errors';
import { abortedError, describeHolder, LockError } from './lock-error.ts';
import { enclosingOwners, runInside } from './lock-owner.ts';
import { type LockPlan, planLock, planWait, type WaitPlan } from './lock-plan.ts';
import type { HeldLock, LockHolder, LockMode, LockOptions, LockProvider, WaitOptions } from './lock-provider.ts';
import { type Refusal, waitForLock, wakeOne } from './lock-wait.ts';
import { answerBit, flag } from './native-binding.ts';
import { nativeBinding } from './native-loader.ts';
import { systemClock } from './wait-clock.ts';

const eAgain = -11;

/** The places of `NativeBinding.answer`; to be read before the next attempt. */
const answerIndex = { ticket: 0, bits: 1, owner: 2 } as const;

/**
 * A lock on a resource of this machine, held by this process until {@link release}, until the thread that took it
 * ends, or until the process dies. Being forgotten does not release it.
 *
 * It guards by convention: everybody who touches the resource takes the lock first. It sits on a sidecar beside the
 * resource, which is never removed, and is understood by flock(1).
 *
 * Errors of all that take one: {@link LockError} with `code` EAGAIN (another name of EWOULDBLOCK; `tryAcquire`),
 * ETIMEDOUT, ECANCELED (name AbortError), EDEADLK (the owner holds it), ENOTSUP (the file system has no such locks),
 * ENOTDIR or EISDIR (not of the kind asked for), EMFILE and others of open(2); TypeError and RangeError for arguments;
 * ERR_CONVEYOR_NATIVE_MISSING. Nothing is held then.
 *
 * Threads: worker threads exclude each other as processes do; an object belongs to one thread. Clauses: L1 to L8.
 */
export class FileLock implements HeldLock {
  readonly mode: LockMode;
  readonly fencingToken: undefined = undefined;
  readonly #path: string;
  readonly #owner: number;
  #id: number;

  private constructor(path: string, mode: LockMode, id: number, owner: number) {
    this.#path = path;
    this.mode = mode;
    this.#id = id;
    this.#owner = owner;
  }

  /** Waits for the lock on a resource, which need not exist; the directory that holds it must. */
  static acquire(path: string, options?: WaitOptions): Promise<FileLock> {
    return settled(() => {
      requirePath(path);
      const plan = planWait(options);
      if (plan.signal?.aborted) throw abortedError(plan.signal, path);
      return FileLock.#acquire(path, plan);
    });
  }

  /** Takes the lock if nobody holds it. Errors: EAGAIN with `holder`, as far as anybody knows. */
  static tryAcquire(path: string, options?: LockOptions): Promise<FileLock> {
    return settled(() => {
      requirePath(path);
      const plan = planLock(options);
      const lock = FileLock.#attempt(path, plan, plan.flags, 0, 'tryAcquire');
      if (lock !== undefined) return lock;
      throw heldError('EAGAIN', 'tryAcquire', path, plan);
    });
  }

  /**
   * Runs `body` with the lock held and returns what it returns. Inside of it, asking for the same lock again is
   * EDEADLK, or taken once more with `reentrant`.
   *
   * Errors: those of `acquire`, `body` and `release`; what `body` throws comes first.
   */
  static async withLock<T>(path: string, body: (lock: FileLock) => T | PromiseLike<T>): Promise<T>;
  static async withLock<T>(
    path: string,
    options: WaitOptions | undefined,
    body: (lock: FileLock) => T | PromiseLike<T>,
  ): Promise<T>;
  static async withLock<T>(path: string, ...rest: unknown[]): Promise<T> {
    const body = rest.at(-1) as (lock: FileLock) => T | PromiseLike<T>;
    requireFunction('body', body);
    const lock = await FileLock.acquire(path, rest.length > 1 ? (rest[0] as WaitOptions) : undefined);
    let result: T;
    try {
      result = await runInside(lock.#owner, () => body(lock));
    } catch (thrown) {
      await lock.release().catch(() => undefined);
      throw thrown;
    }
    await lock.release();
    return result;
  }

  /**
   * Whether somebody holds the lock at this moment, also in this process. Only good for showing: a moment later it may
   * be otherwise. Where nobody does, it is taken for that moment, which somebody else's `tryAcquire` may meet.
   */
  static isLocked(path: string, options?: LockOptions): Promise<boolean> {
    return settled(() => {
      requirePath(path);
      const result = nativeBinding().isLocked(path, planLock(options).flags);
      if (result < 0) throw new LockError(result, { operation: 'isLocked', path });
      return result === 1;
    });
  }

  /** Who holds the lock, one of them where it is shared; undefined where nobody does or nobody knows. */
  static holder(path: string, options?: LockOptions): Promise<LockHolder | undefined> {
    return settled(() => {
      requirePath(path);
      return findHolder(path, planLock(options));
    });
  }

  /** The file that the lock on a resource sits on, for flock(1) and its like. Clause: L2. */
  static sidecar(path: string, options?: Pick<LockOptions, 'resource'>): Promise<string> {
    return settled(() => {
      requirePath(path);
      const sidecar = nativeBinding().sidecar(path, planLock(options).flags);
      if (typeof sidecar === 'number') throw new LockError(sidecar, { operation: 'sidecar', path });
      return sidecar;
    });
  }

  static #acquire(path: string, plan: WaitPlan): FileLock | Promise<FileLock> {
    const flags = plan.flags | flag.queues;
    const lock = FileLock.#attempt(path, plan, flags, 0, 'acquire');
    if (lock !== undefined) return lock;
    let ticket = nativeBinding().answer[answerIndex.ticket] as number;
    return waitForLock<FileLock>(
      {
        path,
        minMs: plan.minMs,
        maxMs: plan.maxMs,
        timeoutMs: plan.timeoutMs,
        signal: plan.signal,
        attempt() {
          const got = FileLock.#attempt(path, plan, flags, ticket, 'acquire');
          if (got !== undefined) return { got };
          ticket = nativeBinding().answer[answerIndex.ticket] as number;
          return { refused: readRefusal() };
        },
        giveUp(reason) {
          nativeBinding().cancel(ticket);
          if (reason === 'signal' && plan.signal !== undefined) return abortedError(plan.signal, path);
          return heldError('ETIMEDOUT', 'acquire', path, plan);
        },
      },
      readRefusal(),
      systemClock,
    );
  }

  /** undefined when somebody holds it; `NativeBinding.answer` then says more. */
  static #attempt(
    path: string,
    plan: LockPlan,
    flags: number,
    ticket: number,
    operation: string,
  ): FileLock | undefined {
    const native = nativeBinding();
    const result = native.attempt(path, flags, plan.owner, enclosingOwners(), ticket);
    if (result > 0) {
      const lock = new FileLock(path, plan.mode, result, native.answer[answerIndex.owner] as number);
      if (plan.mode === 'shared') wakeOne(path);
      return lock;
    }
    if (result === eAgain) return undefined;
    throw new LockError(result, { operation, path });
  }

  /** The absolute path of what is protected, without symbolic links; undefined when the lock is not held any more. */
  get lockedResourcePath(): string | undefined {
    return this.#id === 0 ? undefined : nativeBinding().resource(this.#id);
  }

  /**
   * Gives the lock back; the second time does nothing. What `await using` calls.
   *
   * Errors: ESTALE when the sidecar was removed or replaced meanwhile: somebody else may have held a lock on its
   * successor at the same time. The lock is released all the same.
   */
  release(): Promise<void> {
    if (this.#id === 0) return released;
    const result = nativeBinding().release(this.#id);
    this.#id = 0;
    wakeOne(this.#path);
    if (result === 0) return released;
    const detail = 'the sidecar was removed or replaced while the lock was held';
    return Promise.reject(new LockError(result, { operation: 'release', path: this.#path, detail }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Locks of this machine: {@link FileLock}. */
export const flockProvider: LockProvider = {
  name: 'flock',
  acquire: FileLock.acquire,
  tryAcquire: FileLock.tryAcquire,
  isLocked: FileLock.isLocked,
  holder: FileLock.holder,
};

const released: Promise<void> = Promise.resolve();

/** What `action` returns or throws, as a promise. */
function settled<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(action());
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

function requirePath(path: string): void {
  requireString('path', path);
  if (path.includes('\0')) throw new LockError('EINVAL', { operation: 'lock', path, detail: 'there is a NUL in it' });
}

function readRefusal(): Refusal {
  const bits = nativeBinding().answer[answerIndex.bits] as number;
  return { isNext: (bits & answerBit.isNext) !== 0, isPolite: (bits & answerBit.isPolite) !== 0 };
}

function findHolder(path: string, { flags }: LockPlan): LockHolder | undefined {
  const found = nativeBinding().holder(path, flags);
  if (found === undefined) return undefined;
  const { pid, host, startedMs } = found;
  return { pid, host, startedAt: startedMs > 0 ? new Date(startedMs) : undefined };
}

function heldError(code: 'EAGAIN' | 'ETIMEDOUT', operation: string, path: string, plan: LockPlan): LockError {
  const holder = findHolder(path, plan);
  return new LockError(code, { operation, path, detail: describeHolder(holder) }, holder);
}
