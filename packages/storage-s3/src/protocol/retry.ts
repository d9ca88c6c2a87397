import type { Clock } from '@libconveyor/storage';
import { S3Failure } from './failure.ts';

/** How requests are repeated. */
export interface RetryPolicy {
  /** How often a request is sent at most. */
  readonly attemptsMax: number;
  /** The longest first wait, milliseconds; each further one is twice as long at most. */
  readonly delayMs: number;
  readonly clock: Clock;
  /** From 0 on, less than 1. */
  readonly random: () => number;
}

const delayMsMax = 20_000;
const retryAfterMsMax = 60_000;

/** A server that asks for fewer requests gets a longer pause than one that has merely failed. */
const throttlingFactor = 5;

/** How long to wait before the next attempt: random up to a bound that doubles, and no less than the server asks. */
export function delayBefore(attempt: number, failure: S3Failure, { delayMs, random }: RetryPolicy): number {
  const first = delayMs * (failure.isThrottling ? throttlingFactor : 1);
  const bound = Math.min(delayMsMax, first * 2 ** (attempt - 1));
  return Math.max(Math.ceil(random() * bound), Math.min(failure.retryAfterMs ?? 0, retryAfterMsMax));
}

/**
 * Runs `work` until it succeeds, fails for good, or was tried often enough.
 *
 * Errors: the last one of `work`, an {@link S3Failure} with its `attempts`; the signal's reason.
 */
export async function withAttempts<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (thrown) {
      if (!(thrown instanceof S3Failure)) throw thrown;
      thrown.attempts = attempt;
      if (!thrown.isTransient || attempt >= policy.attemptsMax) throw thrown;
      const delayMs = delayBefore(attempt, thrown, policy);
      if (delayMs > 0) await policy.clock.sleep(delayMs, signal);
      signal?.throwIfAborted();
    }
  }
}
