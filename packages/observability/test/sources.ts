import type { HandleSource } from '@libconveyor/observability';
import {
  histogramLength,
  type LatencyName,
  latencyNames,
  type ReadingField,
  readingFields,
} from '@libconveyor/observability';

/** A handle that tells what a test says. */
export class FakeSource implements HandleSource {
  readonly path: string;
  readonly scheme: string;
  readonly numbers: Partial<Record<ReadingField, number>>;
  readonly latencies: Partial<Record<LatencyName, readonly number[]>> = {};
  isOpen = true;
  observed = 0;
  flushed = 0;
  cleared = 0;
  failure: Error | undefined;

  constructor(
    numbers: Partial<Record<ReadingField, number>> = {},
    { path = '/a', scheme = 'file' }: { path?: string; scheme?: string } = {},
  ) {
    this.numbers = numbers;
    this.path = path;
    this.scheme = scheme;
  }

  observe(values: Float64Array, histograms?: Float64Array): boolean {
    this.observed++;
    if (!this.isOpen) return false;
    for (const [index, field] of readingFields.entries()) values[index] = this.numbers[field] ?? 0;
    if (histograms === undefined) return true;
    for (const [index, name] of latencyNames.entries()) {
      for (const ns of this.latencies[name] ?? []) this.#record(histograms, index * histogramLength, ns);
    }
    return true;
  }

  /** Values below 16 have buckets of their own. */
  #record(values: Float64Array, at: number, ns: number): void {
    values[at] = (values[at] as number) + 1;
    values[at + 1] = (values[at + 1] as number) + ns;
    values[at + 2] = Math.max(values[at + 2] as number, ns);
    values[at + 3 + ns] = (values[at + 3 + ns] as number) + 1;
  }

  error(): Error | undefined {
    return this.failure;
  }

  async flush(): Promise<void> {
    this.flushed++;
    if (this.failure !== undefined) throw this.failure;
  }

  clearError(): void {
    this.cleared++;
    this.failure = undefined;
  }
}
