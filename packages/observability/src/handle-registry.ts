import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HandleSource } from './handle-source.ts';
import { HandleReading, SumReading } from './reading.ts';
import { StatisticsWindow } from './statistics-window.ts';

/** Handles that are looked at in one turn of the event loop: ten thousand of them must not hold up anybody's I/O. */
const turnHandles = 128;

/** Schemes that are told apart; what comes after them is `other`. */
const schemesMax = 16;

/** A handle in the registry. */
export interface RegisteredHandle {
  /** Counts the handles of the registry from 1. */
  readonly id: number;
  readonly path: string;
  readonly scheme: string;
  readonly openedMs: number;
}

interface Entry extends RegisteredHandle {
  readonly source: WeakRef<HandleSource>;
  /** What it had counted when it was closed, where a collection may ask. */
  final: HandleReading | undefined;
}

/** Everything at one moment, scheme by scheme; all of them are in `all`. */
export interface Collection {
  readonly all: SumReading;
  readonly schemes: ReadonlyMap<string, SumReading>;
}

/**
 * The handles of a JavaScript thread: those that are open, held weakly, and the sums of those that were. Totals never
 * decrease. Clause: V1.
 */
export class HandleRegistry {
  readonly #entries = new Map<number, Entry>();
  readonly #known = new WeakMap<HandleSource, Entry>();
  readonly #closed = new Map<string, SumReading>();
  readonly #scratch = new HandleReading().values;
  #lastId = 0;
  #collections = 0;

  /** A handle was opened. Returns its number. */
  add(source: HandleSource): number {
    const id = ++this.#lastId;
    const scheme = this.#schemeOf(source.scheme);
    this.#closedOf(scheme).opened++;
    const { path } = source;
    const entry = { id, path, scheme, openedMs: Date.now(), source: new WeakRef(source), final: undefined };
    this.#entries.set(id, entry);
    this.#known.set(source, entry);
    return id;
  }

  /** A handle is about to close, and counts nothing more. Called again, or for one that is unknown: nothing. */
  remove(source: HandleSource): void {
    const entry = this.#known.get(source);
    if (entry === undefined || !this.#entries.delete(entry.id)) return;
    const sum = this.#closedOf(entry.scheme);
    if (this.#collections === 0) {
      if (source.observe(this.#scratch, sum.histogramValues)) sum.addClosed(this.#scratch);
      return;
    }
    // A collection that has begun adds it to what was closed before.
    const final = new HandleReading();
    entry.final = final;
    source.observe(final.values, final.histogramValues);
    sum.addClosed(final.values);
    sum.addHistograms(final.histogramValues);
  }

  /** One that was removed is open after all, with its number. What it counted in between may be missing. */
  restore(source: HandleSource): void {
    const entry = this.#known.get(source);
    if (entry === undefined || this.#entries.has(entry.id)) return;
    const removed = new HandleReading();
    if (!source.observe(removed.values, removed.histogramValues)) return;
    this.#closedOf(entry.scheme).subtract(removed);
    const restored = { ...entry, final: undefined };
    this.#entries.set(entry.id, restored);
    this.#known.set(source, restored);
  }

  idOf(source: HandleSource): number | undefined {
    return this.#known.get(source)?.id;
  }

  get openCount(): number {
    return this.#entries.size;
  }

  /** Those that are open, in the order of opening. */
  handles(): RegisteredHandle[] {
    return [...this.#entries.values()].map(({ id, path, scheme, openedMs }) => ({ id, path, scheme, openedMs }));
  }

  /** The source of an open handle, for its controls. */
  source(id: number): HandleSource | undefined {
    return this.#entries.get(id)?.source.deref();
  }

  /** One handle as it is now; undefined when it is not open. */
  read(id: number): HandleReading | undefined {
    const reading = new HandleReading();
    return this.source(id)?.observe(reading.values, reading.histogramValues) ? reading : undefined;
  }

  /** Adds everything up, a few handles in a turn. A handle that closes meanwhile is counted once. */
  async collect(): Promise<Collection> {
    this.#collections++;
    try {
      return await this.#collect();
    } finally {
      this.#collections--;
    }
  }

  async #collect(): Promise<Collection> {
    const schemes = new Map<string, SumReading>();
    for (const [scheme, closed] of this.#closed) {
      const sum = new SumReading();
      sum.add(closed);
      schemes.set(scheme, sum);
    }
    let looked = 0;
    const values = new HandleReading().values;
    for (const entry of [...this.#entries.values()]) {
      addEntry(schemes.get(entry.scheme) as SumReading, entry, values);
      if (++looked % turnHandles === 0) await nextTurn();
    }
    const all = new SumReading();
    for (const sum of schemes.values()) all.add(sum);
    return { all, schemes };
  }

  /** A window over all handles that belongs to its reader: nobody else's reading restarts it. Clause: V2. */
  window(clock?: { nowMs(): number }): StatisticsWindow {
    return new StatisticsWindow(this, clock);
  }

  #schemeOf(scheme: string): string {
    return this.#closed.has(scheme) || this.#closed.size < schemesMax ? scheme : 'other';
  }

  #closedOf(scheme: string): SumReading {
    const sum = this.#closed.get(scheme) ?? new SumReading();
    this.#closed.set(scheme, sum);
    return sum;
  }
}

function addEntry(sum: SumReading, entry: Entry, values: Float64Array): void {
  if (entry.final !== undefined) {
    sum.addClosed(entry.final.values);
    sum.addHistograms(entry.final.histogramValues);
  } else if (entry.source.deref()?.observe(values, sum.histogramValues)) {
    sum.addOpen(values);
  }
}

/** The registry that the packages of conveyor use in this thread. */
export const handleRegistry: HandleRegistry = new HandleRegistry();
