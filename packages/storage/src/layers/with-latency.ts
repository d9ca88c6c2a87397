import { argumentTypeError, requireInteger, requireOneOf, requireOptions } from '@libconveyor/errors';
import { abortError } from '../abort.ts';
import type { Storage } from '../storage.ts';
import { type Clock, systemClock } from './clock.ts';
import { InterceptedStorage } from './intercepted.ts';
import { type Call, type Interceptor, type OperationName, operationNames, type Proceed } from './interceptor.ts';
import { type Random, seededRandom } from './random.ts';

/**
 * How long an operation waits before it begins, whole milliseconds: a number is that long always, `minMs` and `maxMs`
 * any time between, `meanMs` an exponential distribution cut at `maxMs`.
 */
export type Latency = number | { minMs: number; maxMs: number } | { meanMs: number; maxMs: number };

/** Options of {@link withLatency}. */
export interface LatencyOptions {
  latencyMs: Latency;
  /** The operations that wait. Default all. */
  operations?: readonly OperationName[] | undefined;
  /** One link that all reads, writes and appends share, bytes per second. Default: no limit. */
  bandwidthBytesPerSecond?: number | undefined;
  /** Default 1. */
  seed?: number | undefined;
  clock?: Clock | undefined;
}

/**
 * A storage at a distance: every operation first waits, then bytes go over a link of limited bandwidth, one after
 * another. Waits overlap, as those of a network do; they end early when the operation's signal aborts (ECANCELED,
 * nothing done). Files have no `fd` here. Waits are whole milliseconds, rounded up.
 *
 * Errors: TypeError, RangeError for nonsense in the options.
 */
export function withLatency(storage: Storage, options: LatencyOptions): Storage {
  return new InterceptedStorage(storage, 'with-latency', new Distance(checked(options)));
}

class Distance implements Interceptor {
  readonly #latency: Latency;
  readonly #operations: ReadonlySet<OperationName>;
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  /** When the link will have carried all that it was given. */
  #linkFreeAtMs = 0;

  constructor(options: LatencyOptions) {
    this.#latency = options.latencyMs;
    this.#operations = new Set(options.operations ?? operationNames);
    this.#bytesPerMs = (options.bandwidthBytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000;
    this.#clock = options.clock ?? systemClock;
    this.#random = seededRandom(options.seed ?? 1);
  }

  async around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    if (this.#operations.has(call.operation)) await this.#sleep(call, this.#nextLatencyMs());
    if (call.operation === 'write' || call.operation === 'append') await this.#carry(call, call.length ?? 0);
    const result = await proceed();
    // The bytes are in the caller's buffer already and the read has happened: only its answer is still on the way.
    if (call.operation === 'read') await this.#carry({ ...call, signal: undefined }, Number(result));
    return result;
  }

  async #carry(call: Call, bytes: number): Promise<void> {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return;
    const now = this.#clock.nowMs();
    this.#linkFreeAtMs = Math.max(this.#linkFreeAtMs, now) + bytes / this.#bytesPerMs;
    await this.#sleep(call, this.#linkFreeAtMs - now);
  }

  async #sleep(call: Call, delayMs: number): Promise<void> {
    const { signal, operation, path } = call;
    const details = { origin: 'with-latency', operation, path };
    if (signal?.aborted) throw abortError(signal, details);
    const whole = Math.ceil(delayMs);
    if (whole <= 0) return;
    try {
      await this.#clock.sleep(whole, signal);
    } catch (thrown) {
      if (signal?.aborted) throw abortError(signal, details);
      throw thrown;
    }
  }

  #nextLatencyMs(): number {
    const latency = this.#latency;
    if (typeof latency === 'number') return latency;
    if ('minMs' in latency) return latency.minMs + this.#random() * (latency.maxMs - latency.minMs);
    return Math.min(latency.maxMs, -latency.meanMs * Math.log(1 - this.#random()));
  }
}

function checked(options: LatencyOptions): LatencyOptions {
  if (options === undefined) throw argumentTypeError('options', 'an object', options);
  requireOptions('options', options, ['latencyMs', 'operations', 'bandwidthBytesPerSecond', 'seed', 'clock']);
  const { latencyMs, operations, bandwidthBytesPerSecond } = options;
  requireLatency(latencyMs);
  for (const operation of operations ?? []) requireOneOf('options.operations', operation, operationNames);
  if (bandwidthBytesPerSecond !== undefined) {
    requireInteger('options.bandwidthBytesPerSecond', bandwidthBytesPerSecond, 1);
  }
  return options;
}

function requireLatency(latencyMs: Latency): void {
  if (typeof latencyMs !== 'object' || latencyMs === null) {
    requireInteger('options.latencyMs', latencyMs, 0);
  } else if ('meanMs' in latencyMs) {
    requireOptions('options.latencyMs', latencyMs, ['meanMs', 'maxMs']);
    requireInteger('options.latencyMs.meanMs', latencyMs.meanMs, 0);
    requireInteger('options.latencyMs.maxMs', latencyMs.maxMs, latencyMs.meanMs);
  } else {
    requireOptions('options.latencyMs', latencyMs, ['minMs', 'maxMs']);
    requireInteger('options.latencyMs.minMs', latencyMs.minMs, 0);
    requireInteger('options.latencyMs.maxMs', latencyMs.maxMs, latencyMs.minMs);
  }
}
