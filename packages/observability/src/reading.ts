import { addHistogramValues, Histogram, histogramLength } from './histogram.ts';

/** What a handle tells, in the order in which the engine fills it in. Sizes are bytes, times nanoseconds. */
export const readingFields = [
  'stickyError',
  'reads',
  'writes',
  'bytesRead',
  'bytesWritten',
  'readHits',
  'readMisses',
  'backendReads',
  'backendWrites',
  'backendOthers',
  'backendBytesRead',
  'backendBytesWritten',
  'retries',
  'rewritesInPlace',
  'stalls',
  'stallNs',
  'unreportedErrors',
  'dirtyBytes',
  'dirtyAgeNs',
  'writeCapacity',
  'windowBytes',
  'maxIo',
  'flushThreshold',
  'windowLimit',
  'writeDepth',
  'readDepth',
  'adaptations',
] as const;

export type ReadingField = (typeof readingFields)[number];

/** The kinds of latency, in the engine's order. */
export const latencyNames = ['appRead', 'appWrite', 'appOther', 'backendRead', 'backendWrite', 'backendOther'] as const;

export type LatencyName = (typeof latencyNames)[number];

/** Elements that {@link HandleSource.observe} adds to. */
export const histogramsLength: number = latencyNames.length * histogramLength;

/** What lasts beyond a handle; everything else is how things are now. */
const monotonic: ReadonlySet<ReadingField> = new Set<ReadingField>([
  'reads',
  'writes',
  'bytesRead',
  'bytesWritten',
  'readHits',
  'readMisses',
  'backendReads',
  'backendWrites',
  'backendOthers',
  'backendBytesRead',
  'backendBytesWritten',
  'retries',
  'rewritesInPlace',
  'stalls',
  'stallNs',
  'adaptations',
]);

const fieldIndex: ReadonlyMap<ReadingField, number> = new Map(readingFields.map((field, index) => [field, index]));
const monotonicIndexes = readingFields.flatMap((field, index) => (monotonic.has(field) ? [index] : []));
const stickyIndex = 0;
const ageIndex = readingFields.indexOf('dirtyAgeNs');

/** One handle at one moment. */
export class HandleReading {
  readonly values: Float64Array = new Float64Array(readingFields.length);
  readonly histogramValues: Float64Array = new Float64Array(histogramsLength);

  get(field: ReadingField): number {
    return this.values[fieldIndex.get(field) as number] as number;
  }

  histogram(name: LatencyName): Histogram {
    return histogramOf(this.histogramValues, name);
  }
}

/** Many handles together: totals of all that there were, and how those are that are open. */
export class SumReading {
  readonly #values: Float64Array = new Float64Array(readingFields.length);
  readonly #histograms: Float64Array = new Float64Array(histogramsLength);
  /** Handles that were opened until now. */
  opened = 0;
  /** Handles that are open. */
  open = 0;
  /** Open ones with a sticky error. */
  failed = 0;

  /** Where the histograms are; what a source adds there belongs to the sum. */
  get histogramValues(): Float64Array {
    return this.#histograms;
  }

  /** Sums; of `dirtyAgeNs` the largest; `stickyError` means nothing. */
  get(field: ReadingField): number {
    return this.#values[fieldIndex.get(field) as number] as number;
  }

  histogram(name: LatencyName): Histogram {
    return histogramOf(this.#histograms, name);
  }

  /** An open handle; its histograms are added by themselves. */
  addOpen(values: Float64Array): void {
    this.open++;
    if (values[stickyIndex] !== 0) this.failed++;
    for (let index = 1; index < values.length; index++) {
      const value = values[index] as number;
      const sum = this.#values[index] as number;
      this.#values[index] = index === ageIndex ? Math.max(sum, value) : sum + value;
    }
  }

  /** The totals of a handle that is closed. */
  addClosed(values: Float64Array): void {
    for (const index of monotonicIndexes) {
      this.#values[index] = (this.#values[index] as number) + (values[index] as number);
    }
  }

  /** The totals of a handle that was taken for closed; the largest latency stays. */
  subtract({ values, histogramValues }: HandleReading): void {
    for (const index of monotonicIndexes) {
      this.#values[index] = (this.#values[index] as number) - (values[index] as number);
    }
    for (let at = 0; at < histogramsLength; at++) {
      if (at % histogramLength === 2) continue;
      this.#histograms[at] = (this.#histograms[at] as number) - (histogramValues[at] as number);
    }
  }

  /** Everything of another sum. */
  add(other: SumReading): void {
    this.opened += other.opened;
    this.open += other.open;
    this.failed += other.failed;
    for (let index = 1; index < this.#values.length; index++) {
      const value = other.#values[index] as number;
      const sum = this.#values[index] as number;
      this.#values[index] = index === ageIndex ? Math.max(sum, value) : sum + value;
    }
    this.addHistograms(other.#histograms);
  }

  addHistograms(values: Float64Array): void {
    for (let at = 0; at < histogramsLength; at += histogramLength) addHistogramValues(this.#histograms, at, values, at);
  }
}

function histogramOf(values: Float64Array, name: LatencyName): Histogram {
  const begin = latencyNames.indexOf(name) * histogramLength;
  return new Histogram(values.subarray(begin, begin + histogramLength));
}
