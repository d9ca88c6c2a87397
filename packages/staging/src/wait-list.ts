import { type ErrorDetails, isConveyorError } from '@libconveyor/errors';
import { abortError } from '@libconveyor/storage';

interface Waiter {
  readonly isReady: () => boolean;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Those who wait for something to change. A condition is looked at before the waiting begins and at every change, in
 * one step each, so that no wake-up is missed; whoever comes late never sleeps. Clause: T3.
 */
export class WaitList {
  readonly #waiting = new Set<Waiter>();

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when `isReady` holds, rejects with what it throws, or when one of the signals aborts.
   *
   * @param details For the error of a signal; a signal whose reason is a ConveyorError gives that one.
   */
  until(isReady: () => boolean, signals: readonly (AbortSignal | undefined)[], details: ErrorDetails): Promise<void> {
    return new Promise((resolve, reject) => {
      const wanted = signals.filter((signal) => signal !== undefined);
      const aborted = wanted.find((signal) => signal.aborted);
      if (aborted !== undefined) return reject(reasonOf(aborted, details));
      const stop = (event: Event): void => {
        this.#waiting.delete(waiter);
        settle();
        reject(reasonOf(event.target as AbortSignal, details));
      };
      const settle = (): void => {
        for (const signal of wanted) signal.removeEventListener('abort', stop);
      };
      const waiter: Waiter = {
        isReady,
        resolve: () => {
          settle();
          resolve();
        },
        reject: (reason) => {
          settle();
          reject(reason);
        },
      };
      if (this.#look(waiter)) return;
      this.#waiting.add(waiter);
      for (const signal of wanted) signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Lets everybody look again. */
  changed(): void {
    for (const waiter of this.#waiting) {
      if (this.#look(waiter)) this.#waiting.delete(waiter);
    }
  }

  /** @returns Whether the waiter is done. */
  #look(waiter: Waiter): boolean {
    try {
      if (!waiter.isReady()) return false;
      waiter.resolve();
    } catch (thrown) {
      waiter.reject(thrown);
    }
    return true;
  }
}

/** The error for an aborted signal. Clause: T3. */
export function reasonOf(signal: AbortSignal, details: ErrorDetails): unknown {
  return isConveyorError(signal.reason) ? signal.reason : abortError(signal, details);
}

/** Settles as `promise` does, or rejects when one of the signals aborts; what comes after that is dropped. */
export function unlessAborted<T>(
  promise: Promise<T>,
  signals: readonly (AbortSignal | undefined)[],
  details: ErrorDetails,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const wanted = signals.filter((signal) => signal !== undefined);
    const stop = (): void => {
      const aborted = wanted.find((signal) => signal.aborted);
      if (aborted !== undefined) reject(reasonOf(aborted, details));
    };
    const settle = (): void => {
      for (const signal of wanted) signal.removeEventListener('abort', stop);
    };
    for (const signal of wanted) signal.addEventListener('abort', stop, { once: true });
    promise.finally(settle).then(resolve, reject);
    stop();
  });
}
