import { ConveyorError, isConveyorError, requireInteger, requireOptions } from '@libconveyor/errors';
import { abortError } from '../abort.ts';
import type { Storage } from '../storage.ts';
import { type Clock, systemClock } from './clock.ts';
import { InterceptedStorage } from './intercepted.ts';
import type { Call, Interceptor, Proceed } from './interceptor.ts';
import { type Random, seededRandom } from './random.ts';

/** Options of {@link withRetry}; both bounds hold. */
export interface RetryOptions {
  /** How often an operation is tried in all, from 1. Default 5. */
  attemptsMax?: number | undefined;
  /** No new try begins later than this after the first one did. Default 30000. */
  deadlineMs?: number | undefined;
  /** The wait before the second try is a random part of this, before the third of twice this ... Default 50. */
  delayMs?: number | undefined;
  /** ... and never more than this. Default 5000. */
  delayMsMax?: number | undefined;
  /** Seeds the random parts. Default: another one for every layer. */
  seed?: number | undefined;
  clock?: Clock | undefined;
}

/**
 * A storage whose operations are tried again when they fail with `retry: 'safe'`; other errors go through at once.
 * Waits grow exponentially, with full jitter (Brooker, AWS Architecture Blog 2015), and end early when the signal
 * aborts. The last error goes to the caller with `retry: 'exhausted'` and the original as `cause`. `close` is never
 * repeated, and of `list` only the beginning. Files have no `fd` here.
 *
 * Errors: TypeError, RangeError for nonsense in the options.
 */
export function withRetry(storage: Storage, options: RetryOptions = {}): Storage {
  return new InterceptedStorage(storage, 'with-retry', new Retrier(checked(options)));
}

class Retrier implements Interceptor {
  readonly #attemptsMax: number;
  readonly #deadlineMs: number;
  readonly #delayMs: number;
  readonly #delayMsMax: number;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: RetryOptions) {
    const { attemptsMax = 5, deadlineMs = 30_000, delayMs = 50, delayMsMax = 5_000, clock = systemClock } = options;
    this.#attemptsMax = attemptsMax;
    this.#deadlineMs = deadlineMs;
    this.#delayMs = delayMs;
    this.#delayMsMax = delayMsMax;
    this.#clock = clock;
    this.#random = seededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  }

  async around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    if (call.operation === 'close') return proceed();
    const endMs = this.#clock.nowMs() + this.#deadlineMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await proceed();
      } catch (thrown) {
        if (!isConveyorError(thrown) || thrown.retry !== 'safe') throw thrown;
        const waitMs = this.#nextDelayMs(attempt);
        if (attempt >= this.#attemptsMax || this.#clock.nowMs() + waitMs > endMs) throw exhausted(thrown, attempt);
        await this.#sleep(call, waitMs, thrown);
      }
    }
  }

  #nextDelayMs(attempt: number): number {
    const longestMs = Math.min(this.#delayMsMax, this.#delayMs * 2 ** (attempt - 1));
    return Math.ceil(this.#random() * longestMs);
  }

  async #sleep({ signal, operation, path }: Call, delayMs: number, cause: ConveyorError): Promise<void> {
    try {
      await this.#clock.sleep(delayMs, signal);
    } catch (thrown) {
      if (!signal?.aborted) throw thrown;
      const detail = `while waiting to try again after ${cause.code}`;
      throw abortError(signal, { origin: 'with-retry', operation, path, detail });
    }
  }
}

function exhausted(error: ConveyorError, attempts: number): ConveyorError {
  const { code, kind, origin, operation, path, offset, length } = error;
  const tries = `tried ${attempts} times`;
  const detail = error.detail === undefined ? tries : `${error.detail}, ${tries}`;
  const retry = 'exhausted';
  return new ConveyorError(code, { kind, origin, operation, path, offset, length, detail, retry, cause: error });
}

function checked(options: RetryOptions): RetryOptions {
  requireOptions('options', options, ['attemptsMax', 'deadlineMs', 'delayMs', 'delayMsMax', 'seed', 'clock']);
  const { attemptsMax, deadlineMs, delayMs, delayMsMax } = options;
  if (attemptsMax !== undefined) requireInteger('options.attemptsMax', attemptsMax, 1);
  if (deadlineMs !== undefined) requireInteger('options.deadlineMs', deadlineMs, 0);
  if (delayMs !== undefined) requireInteger('options.delayMs', delayMs, 0);
  if (delayMsMax !== undefined) requireInteger('options.delayMsMax', delayMsMax, 0);
  return options;
}
