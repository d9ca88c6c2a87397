import type { Collection, HandleRegistry } from './handle-registry.ts';
import type { ReadingField, SumReading } from './reading.ts';

/** What happened since the last reading. Shares are between 0 and 1, undefined where there was nothing to share. */
export interface WindowReading {
  readonly durationMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Reads served from memory. */
  readonly hitShare: number | undefined;
  /** Application writes per backend write. */
  readonly coalescing: number | undefined;
  readonly backendReads: number;
  readonly backendWrites: number;
  /** Average latencies of the backend; undefined where none was timed. */
  readonly backendReadNsAvg: number | undefined;
  readonly backendWriteNsAvg: number | undefined;
  readonly retries: number;
  readonly stalls: number;
  /** Time that writers have waited for room, of all handles together: more than 1 where several waited at once. */
  readonly stallShare: number | undefined;
  /** As it is now, not of the window. */
  readonly handles: number;
  readonly failedHandles: number;
  readonly dirtyBytes: number;
  readonly oldestDirtyNs: number;
}

/** Statistics since the last reading, which belong to whoever made the window. The first reading is since then. */
export class StatisticsWindow {
  readonly #registry: HandleRegistry;
  readonly #clock: { nowMs(): number };
  #before: Promise<{ readonly sum: SumReading; readonly atMs: number }>;

  constructor(registry: HandleRegistry, clock: { nowMs(): number } = performanceClock) {
    this.#registry = registry;
    this.#clock = clock;
    this.#before = this.#look();
  }

  /** What has happened since the last reading; begins anew. */
  async read(): Promise<WindowReading> {
    const last = this.#before;
    const next = last.then(() => this.#look());
    this.#before = next;
    const [before, now] = [await last, await next];
    return difference(before.sum, now.sum, now.atMs - before.atMs);
  }

  async #look(): Promise<{ sum: SumReading; atMs: number }> {
    const { all }: Collection = await this.#registry.collect();
    return { sum: all, atMs: this.#clock.nowMs() };
  }
}

const performanceClock = { nowMs: (): number => performance.now() };

function difference(before: SumReading, now: SumReading, durationMs: number): WindowReading {
  const since = (field: ReadingField): number => now.get(field) - before.get(field);
  const average = (name: 'backendRead' | 'backendWrite'): number | undefined => {
    const [then, later] = [before.histogram(name), now.histogram(name)];
    return share(later.sumNs - then.sumNs, later.count - then.count);
  };
  return {
    durationMs,
    reads: since('reads'),
    writes: since('writes'),
    bytesRead: since('bytesRead'),
    bytesWritten: since('bytesWritten'),
    hitShare: share(since('readHits'), since('readHits') + since('readMisses')),
    coalescing: share(since('writes'), since('backendWrites')),
    backendReads: since('backendReads'),
    backendWrites: since('backendWrites'),
    backendReadNsAvg: average('backendRead'),
    backendWriteNsAvg: average('backendWrite'),
    retries: since('retries'),
    stalls: since('stalls'),
    stallShare: share(since('stallNs') / 1e6, durationMs),
    handles: now.open,
    failedHandles: now.failed,
    dirtyBytes: now.get('dirtyBytes'),
    oldestDirtyNs: now.get('dirtyAgeNs'),
  };
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}
