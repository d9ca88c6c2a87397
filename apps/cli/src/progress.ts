import type { PlannedCopy } from './copy-plan.ts';
import type { Place } from './storages.ts';

/** How far back the rate looks, and how often it takes a sample, in milliseconds. */
const rateWindowMs = 5000;
const sampleMs = 200;

/** How far a run has come. */
export class Progress {
  readonly #clock: () => number;
  readonly #samples: { readonly ms: number; readonly bytes: number }[];
  readonly startMs: number;
  bytes = 0;
  files = 0;
  /** Undefined while nobody knows yet. */
  total: { readonly bytes: number; readonly files: number } | undefined;

  /** @param clock Milliseconds, never going back. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.startMs = clock();
    this.#samples = [{ ms: this.startMs, bytes: 0 }];
  }

  get elapsedMs(): number {
    return this.#clock() - this.startMs;
  }

  addBytes(count: number): void {
    this.bytes += count;
  }

  /** Bytes per second over the last seconds; 0 when there is nothing to go by. Each call is a sample: ask often. */
  rate(): number {
    const ms = this.#clock();
    const oldest = this.#samples[0];
    const newest = this.#samples.at(-1);
    if (oldest === undefined || newest === undefined) return 0;
    if (ms - newest.ms >= sampleMs) this.#samples.push({ ms, bytes: this.bytes });
    while ((this.#samples[1]?.ms ?? ms) <= ms - rateWindowMs) this.#samples.shift();
    const first = this.#samples[0] ?? oldest;
    return ms > first.ms ? ((this.bytes - first.bytes) / (ms - first.ms)) * 1000 : 0;
  }

  /** Seconds that the rest takes at this rate; undefined when that cannot be said. */
  secondsLeft(): number | undefined {
    const rate = this.rate();
    if (this.total === undefined || rate <= 0) return undefined;
    return Math.max(0, this.total.bytes - this.bytes) / rate;
  }
}

/**
 * Counts what is to be copied. What cannot be looked at is left out: copying it will tell.
 *
 * Errors: none but the signal's.
 */
export async function measure(
  copies: readonly PlannedCopy[],
  signal: AbortSignal,
): Promise<{ bytes: number; files: number }> {
  const sum = { bytes: 0, files: 0 };
  for (const { source, stat } of copies) {
    if (stat.type === 'directory') await measureDirectory(source, sum, signal);
    else add(sum, stat.size);
  }
  return sum;
}

async function measureDirectory(
  place: Place,
  sum: { bytes: number; files: number },
  signal: AbortSignal,
): Promise<void> {
  const { storage, path } = place;
  try {
    for await (const { name, type, stat } of storage.list(path, { signal })) {
      const entry = place.child(name);
      if (type === 'directory') await measureDirectory(entry, sum, signal);
      else if (type === 'file') add(sum, (stat ?? (await storage.stat(entry.path, { signal }))).size);
    }
  } catch {
    signal.throwIfAborted();
  }
}

function add(sum: { bytes: number; files: number }, size: number): void {
  sum.bytes += size;
  sum.files++;
}
