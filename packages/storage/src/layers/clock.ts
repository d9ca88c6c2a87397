import { setTimeout as delay } from 'node:timers/promises';

/** Where layers read the time and wait; a test gives one that it moves itself. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back. */
  nowMs(): number;
  /** Resolves after `delayMs`, a whole number; rejects when the signal aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (delayMs, signal) => delay(delayMs, undefined, signal === undefined ? {} : { signal }),
};
