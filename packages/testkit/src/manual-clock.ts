import { requireInteger } from '@libconveyor/errors';

/** A timer of a {@link ManualClock}. */
export interface ManualTimer {
  readonly atMs: number;
}

interface PendingTimer extends ManualTimer {
  readonly order: number;
  readonly action: () => void;
}

/** A clock that only the test moves, with timers that fire while it is moved. Times are whole milliseconds. */
export class ManualClock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<PendingTimer>();

  constructor(startMs = 0) {
    requireInteger('startMs', startMs, 0);
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  get timersPending(): number {
    return this.#timers.size;
  }

  /** Time of the earliest timer, or undefined when there is none. */
  get nextTimerMs(): number | undefined {
    return this.#earliest()?.atMs;
  }

  /** Calls `action` once, `delayMs` from now; a delay of 0 fires on the next advance. */
  schedule(delayMs: number, action: () => void): ManualTimer {
    requireInteger('delayMs', delayMs, 0);
    const timer: PendingTimer = { atMs: this.#nowMs + delayMs, order: this.#order++, action };
    this.#timers.add(timer);
    return timer;
  }

  /** Takes a timer back. Returns false when it fired or was cancelled before. */
  cancel(timer: ManualTimer): boolean {
    return this.#timers.delete(timer as PendingTimer);
  }

  /** Resolves `delayMs` from now. Rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const aborted = () => {
        this.cancel(timer);
        reject(signal?.reason);
      };
      const timer = this.schedule(delayMs, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /**
   * Moves the time on. Timers fire in order of their time, then of scheduling, each with the clock at its own time;
   * timers that they schedule fire too when they are due within the step. Reactions to promises run after the call.
   */
  advance(stepMs: number): void {
    const end = this.#endOf(stepMs);
    while (this.#fireOne(end));
    this.#nowMs = end;
  }

  /** As {@link advance}, and lets everything that a timer set off (promises, I/O callbacks) run before the next one. */
  async advanceAndSettle(stepMs: number): Promise<void> {
    const end = this.#endOf(stepMs);
    do {
      await settle();
    } while (this.#fireOne(end));
    this.#nowMs = end;
    await settle();
  }

  #endOf(stepMs: number): number {
    requireInteger('stepMs', stepMs, 0);
    return this.#nowMs + stepMs;
  }

  #fireOne(endMs: number): boolean {
    const timer = this.#earliest();
    if (timer === undefined || timer.atMs > endMs) return false;
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.action();
    return true;
  }

  #earliest(): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }
}

/** One turn of the event loop: all promise reactions, then what was ready. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
