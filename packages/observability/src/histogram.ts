import { argumentRangeError, argumentTypeError } from '@libconveyor/errors';

/** Linear steps per power of two, as a power of two: percentiles are within 1/16 of the value. */
const stepBits = 4;
const steps = 2 ** stepBits;
const largest = 2 ** 40 - 1;

/** Buckets of a histogram; `CONVEYOR_HISTOGRAM_BUCKETS` of the engine. */
export const bucketCount: number = (40 - stepBits + 1) * steps;

/** Elements of the memory of a histogram: count, sum, maximum, buckets. */
export const histogramLength: number = 3 + bucketCount;

/**
 * Latencies in nanoseconds, in the buckets that the engine counts in (16 steps per power of two, as in HdrHistogram),
 * so that those of any number of handles add up. Values above 2^40 (18 minutes) count as that.
 */
export class Histogram {
  readonly #values: Float64Array;

  /** @param values Memory to count in, of {@link histogramLength}; what it holds is kept. Default: new, zeros. */
  constructor(values: Float64Array = new Float64Array(histogramLength)) {
    if (values.length !== histogramLength) {
      throw argumentRangeError('values', `${histogramLength} elements`, values.length);
    }
    this.#values = values;
  }

  get count(): number {
    return this.#values[0] as number;
  }

  get sumNs(): number {
    return this.#values[1] as number;
  }

  get maxNs(): number {
    return this.#values[2] as number;
  }

  /** Rounded down, 0 when empty. */
  get meanNs(): number {
    return this.count === 0 ? 0 : Math.floor(this.sumNs / this.count);
  }

  /** Errors: TypeError for what is no number. */
  record(ns: number): void {
    if (typeof ns !== 'number' || Number.isNaN(ns)) throw argumentTypeError('ns', 'a number', ns);
    const value = Math.min(Math.max(Math.floor(ns), 0), largest);
    const at = 3 + indexOf(value);
    this.#values[at] = (this.#values[at] as number) + 1;
    this.#values[0] = this.count + 1;
    this.#values[1] = this.sumNs + value;
    this.#values[2] = Math.max(this.maxNs, value);
  }

  /** Adds what another one has counted. */
  add(other: Histogram): void {
    addHistogramValues(this.#values, 0, other.#values, 0);
  }

  /** Upper bound of the bucket that holds the `permille`-th of a thousand ordered values; 0 when empty. */
  percentileNs(permille: number): number {
    const rank = Math.floor((this.count * permille + 999) / 1000);
    let seen = 0;
    for (let index = 0; index < bucketCount && this.count > 0; index++) {
      seen += this.#values[3 + index] as number;
      if (seen >= rank && seen > 0) return Math.min(upperBoundOf(index), this.maxNs);
    }
    return 0;
  }

  /** How many values were below each of some bounds, which ascend and are powers of two: exact for those. */
  countsBelow(boundsNs: readonly number[]): number[] {
    const counts: number[] = [];
    let index = 0;
    let seen = 0;
    for (const bound of boundsNs) {
      for (; index < bucketCount && upperBoundOf(index) < bound; index++) seen += this.#values[3 + index] as number;
      counts.push(seen);
    }
    return counts;
  }
}

/** Adds the values of one histogram in an array to those of another. */
export function addHistogramValues(to: Float64Array, toIndex: number, from: Float64Array, fromIndex: number): void {
  if (from[fromIndex] === 0) return;
  to[toIndex + 2] = Math.max(to[toIndex + 2] as number, from[fromIndex + 2] as number);
  for (let index = 0; index < histogramLength; index++) {
    if (index === 2) continue;
    to[toIndex + index] = (to[toIndex + index] as number) + (from[fromIndex + index] as number);
  }
}

function indexOf(value: number): number {
  if (value < steps) return value;
  const high = Math.floor(value / 2 ** 32);
  const width = high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
  const shift = width - 1 - stepBits;
  return (shift + 1) * steps + (Math.floor(value / 2 ** shift) % steps);
}

function upperBoundOf(index: number): number {
  if (index < steps) return index;
  const shift = Math.floor(index / steps) - 1;
  return ((index % steps) + steps + 1) * 2 ** shift - 1;
}
