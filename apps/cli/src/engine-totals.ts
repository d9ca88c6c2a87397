import type { HandleStats, Latency } from '@libconveyor/conveyor';

/** Counters that are added up over the handles of a run. */
const summed = [
  'reads',
  'readHits',
  'readMisses',
  'bytesRead',
  'writes',
  'bytesWritten',
  'backendReads',
  'backendBytesRead',
  'backendWrites',
  'backendBytesWritten',
  'retries',
  'stalls',
  'adaptations',
] as const;

/** Settings of which the largest over the handles of a run is told. */
const greatest = ['maxIo', 'flushThreshold', 'windowLimit', 'writeDepth', 'readDepth'] as const;

type Sums = Record<(typeof summed)[number], number>;
type Greatest = Record<(typeof greatest)[number], number>;

/** The engine's work in numbers, for `--json`. */
export type EngineSummary = Readonly<Sums & Greatest> & {
  /** How long writes waited for room, in all. */
  readonly stallMs: number;
  /** Averages over all operations on the storages; 0 where there was none. */
  readonly backendReadMsMean: number;
  readonly backendWriteMsMean: number;
};

class LatencyMean {
  #count = 0;
  #totalNs = 0;

  add({ count, meanNs }: Latency): void {
    this.#count += count;
    this.#totalNs += count * meanNs;
  }

  get ms(): number {
    return this.#count === 0 ? 0 : this.#totalNs / this.#count / 1e6;
  }
}

/** Adds up what the handles of a run have done. */
export class EngineTotals {
  readonly #sums: Sums;
  readonly #greatest: Greatest;
  readonly #reads = new LatencyMean();
  readonly #writes = new LatencyMean();
  #stallNs = 0;

  constructor() {
    this.#sums = Object.fromEntries(summed.map((name) => [name, 0])) as Sums;
    this.#greatest = Object.fromEntries(greatest.map((name) => [name, 0])) as Greatest;
  }

  /** Requires: called once per handle, when it has done its work. */
  add(stats: HandleStats): void {
    for (const name of summed) this.#sums[name] += stats[name];
    for (const name of greatest) this.#greatest[name] = Math.max(this.#greatest[name], stats[name]);
    this.#stallNs += stats.stallNs;
    this.#reads.add(stats.backendRead);
    this.#writes.add(stats.backendWrite);
  }

  summary(): EngineSummary {
    return {
      ...this.#sums,
      ...this.#greatest,
      stallMs: this.#stallNs / 1e6,
      backendReadMsMean: this.#reads.ms,
      backendWriteMsMean: this.#writes.ms,
    };
  }
}
