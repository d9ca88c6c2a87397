import { requireInteger, requireOptions } from '@libconveyor/errors';
import type { Random } from '../layers/random.ts';
import type { Latency } from '../layers/with-latency.ts';

/** Requires a latency that makes sense. Errors: TypeError, RangeError with the name. */
export function requireLatency(name: string, latency: unknown): asserts latency is Latency {
  if (typeof latency !== 'object' || latency === null) {
    requireInteger(name, latency, 0);
    return;
  }
  const mean = 'meanMs' in latency;
  requireOptions(name, latency, [mean ? 'meanMs' : 'minMs', 'maxMs']);
  const { minMs, meanMs, maxMs } = latency as { minMs?: unknown; meanMs?: unknown; maxMs?: unknown };
  const least = mean ? meanMs : minMs;
  requireInteger(`${name}.${mean ? 'meanMs' : 'minMs'}`, least, 0);
  requireInteger(`${name}.maxMs`, maxMs, least);
}

/** One latency of the distribution, milliseconds. */
export function drawLatencyMs(latency: Latency, random: Random): number {
  if (typeof latency === 'number') return latency;
  if ('minMs' in latency) return latency.minMs + random() * (latency.maxMs - latency.minMs);
  return Math.min(latency.maxMs, -latency.meanMs * Math.log(1 - random()));
}
