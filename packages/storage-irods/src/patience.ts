import type { Clock } from '@libconveyor/storage';
import { ConnectionFailure } from './connection/failure.ts';

/** How often something is tried, and how long is waited in between. */
export class Patience {
  readonly #attemptsMax: number;
  readonly #delayMs: number;
  readonly #clock: Clock;

  constructor(attemptsMax: number, delayMs: number, clock: Clock) {
    this.#attemptsMax = attemptsMax;
    this.#delayMs = delayMs;
    this.#clock = clock;
  }

  /** Runs `work`, and again after a failure that is worth it. */
  async run<T>(
    work: (attempt: number) => Promise<T>,
    isWorthAnother: (thrown: unknown) => boolean = isLost,
    signal?: AbortSignal,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(attempt);
      } catch (thrown) {
        if (attempt >= this.#attemptsMax || signal?.aborted || !isWorthAnother(thrown)) throw thrown;
        await this.#clock.sleep(this.#delayMs * 2 ** (attempt - 1), signal);
      }
    }
  }
}

/** Whether a connection was lost under a request: what became of it is unknown. */
export function isLost(thrown: unknown): thrown is ConnectionFailure {
  return thrown instanceof ConnectionFailure && (thrown.code === 'ECONNRESET' || thrown.code === 'ETIMEDOUT');
}
