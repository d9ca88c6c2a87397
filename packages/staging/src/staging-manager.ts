import { setMaxListeners } from 'node:events';
import {
  argumentTypeError,
  ConveyorError,
  type ErrorDetails,
  requireInteger,
  requireOptions,
  systemError,
} from '@libconveyor/errors';
import type { Disk } from './disk.ts';
import { DiskBudget } from './disk-budget.ts';
import { EventLog } from './event-log.ts';
import type { Source } from './source.ts';
import { StagedFile } from './staged-file.ts';
import { type StagingArea, shareArea } from './staging-area.ts';
import { type CompleteOptions, completeOptions, type StagingOptions } from './staging-options.ts';
import type { StoreEnvironment } from './store-environment.ts';
import { closedError, origin } from './temp-file.ts';
import { TempFileStore } from './temp-file-store.ts';
import { unlessAborted } from './wait-list.ts';

/** Options of {@link StagingManager.stage}. */
export interface StageOptions {
  /** Length of the source in bytes, where the caller knows it. A source that says something else fails with ESTALE. */
  readonly size?: number | undefined;
  /** Ends the question to the source whether what is kept of it is current. */
  readonly signal?: AbortSignal | undefined;
}

/** What a manager holds, at one moment. */
export interface StagingStatistics {
  /** Stores with openers, and stores without. */
  readonly open: number;
  readonly idle: number;
  /** Bytes and temporary files taken of the budget. */
  readonly bytes: number;
  readonly files: number;
  /** Stores thrown out so far to make room. */
  readonly evictions: number;
  /** Slots of processes that had died, emptied at the start. */
  readonly slotsCleaned: number;
}

/** A store with those who have it open. */
interface Entry {
  readonly store: TempFileStore;
  readonly files: Set<StagedFile>;
  /** The question whether it is current, while it is being asked. */
  asking: Promise<boolean> | undefined;
}

/**
 * The stores of a process in one directory: openers of the same source share one, a budget bounds what they take, and
 * those that nobody has open are kept as long as there is room, least recently used ones thrown out first. A store that
 * somebody has open is never thrown out; one that finds no room is read without.
 *
 * Threads: one JavaScript thread. Clauses: T6, T7.
 */
export class StagingManager implements AsyncDisposable {
  /** What operations did last, and who is inside. */
  readonly log: EventLog;
  readonly #area: StagingArea;
  readonly #releaseArea: () => Promise<void>;
  readonly #environment: StoreEnvironment;
  readonly #budget: DiskBudget;
  readonly #entries = new Set<Entry>();
  readonly #shared = new Map<string, Entry>();
  /** Entries that nobody has open, least recently used first. */
  readonly #idle = new Set<Entry>();
  readonly #closed = new AbortController();
  #evictions = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: CompleteOptions, area: StagingArea, releaseArea: () => Promise<void>) {
    const { clock, disk, stallMs, attemptsMax, backOffMs, rangeBytes, onEvent } = options;
    this.#area = area;
    this.#releaseArea = releaseArea;
    this.log = new EventLog(() => clock.nowMs(), onEvent);
    setMaxListeners(0, this.#closed.signal);
    this.#budget = new DiskBudget({ bytes: options.budget, files: options.storesMax }, () => this.#evictOne());
    this.#environment = {
      clock,
      disk,
      log: this.log,
      policy: { clock, stallMs, attemptsMax, backOffMs, skipBytes: rangeBytes },
      reachBytes: options.reachBytes,
      rangeBytes,
      rangesMax: options.rangesMax,
      closeTimeoutMs: options.closeTimeoutMs,
      newPath: () => area.newPath(),
    };
  }

  /**
   * Takes a place in the directory and removes what processes that have died left there.
   *
   * @param disk For tests. Errors: TypeError, RangeError; EACCES, ENOTSUP (no locks there),
   * ERR_CONVEYOR_NATIVE_MISSING.
   */
  static async open(options?: StagingOptions, disk?: Disk): Promise<StagingManager> {
    const complete = completeOptions(options, disk);
    const { area, release } = await shareArea(complete.dir);
    return new StagingManager(complete, area, release);
  }

  get statistics(): StagingStatistics {
    return {
      open: this.#entries.size - this.#idle.size,
      idle: this.#idle.size,
      bytes: this.#budget.bytes,
      files: this.#budget.files,
      evictions: this.#evictions,
      slotsCleaned: this.#area.slotsCleaned,
    };
  }

  /** The folder with this process's temporary files. */
  get path(): string {
    return this.#area.path;
  }

  /**
   * Opens a source: joins the store that is there for its key, else begins to fetch at once. A store that had failed is
   * tried again. One that nobody has open is asked for first, where the source can tell whether it has changed.
   *
   * Errors: TypeError, RangeError; EBADF after `close`; where the source is asked, what it answers with, ETIMEDOUT when
   * it stalls, ECANCELED. Clauses: T1, T6.
   */
  async stage(source: Source, options: StageOptions = {}): Promise<StagedFile> {
    this.#admit(source, options);
    await this.#askWhetherCurrent(source, options.signal);
    this.#requireOpen(source);
    return this.#open(source, options.size, async () => undefined);
  }

  /** As {@link stage}, for a manager of one source: it is closed with the file. */
  async stageOnly(source: Source, options: StageOptions = {}): Promise<StagedFile> {
    this.#admit(source, options);
    return this.#open(source, options.size, () => this.close());
  }

  /** Closes all files and stores, and frees the disk. Takes bounded time; twice is once. Clause: T4. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admit(source: Source, options: StageOptions): void {
    requireSource(source);
    requireOptions('options', options, ['size', 'signal']);
    const { size, signal } = options;
    if (size !== undefined) requireInteger('options.size', size, 0);
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw argumentTypeError('options.signal', 'an AbortSignal', signal);
    }
    this.#requireOpen(source);
  }

  #requireOpen(source: Source): void {
    if (this.#closing !== undefined) throw closedError('stage', source.name);
  }

  #open(source: Source, size: number | undefined, released: () => Promise<void>): StagedFile {
    const entry = this.#shareable(source, size) ?? this.#newEntry(source, size);
    this.#idle.delete(entry);
    const release = async (): Promise<void> => {
      await this.#release(entry, file);
      await released();
    };
    const file: StagedFile = new StagedFile(entry.store, this.log, release);
    entry.files.add(file);
    entry.store.resume();
    return file;
  }

  /** Drops what is kept of a source when it is not current any more. Several who ask share the question. */
  async #askWhetherCurrent({ key, name }: Source, signal: AbortSignal | undefined): Promise<void> {
    const entry = key === undefined ? undefined : this.#shared.get(key);
    if (entry?.store.source.isCurrent === undefined) return;
    if (this.#idle.has(entry)) entry.asking ??= this.#ask(entry);
    if (entry.asking === undefined) return;
    const id = this.log.enter('ask', name);
    const details: ErrorDetails = { origin, operation: 'stage', path: name };
    try {
      const isCurrent = await unlessAborted(entry.asking, [signal, this.#closed.signal], details);
      if (!isCurrent && entry.files.size === 0 && this.#entries.has(entry)) {
        this.#drop(entry).catch((thrown: unknown) => this.#complain(entry, thrown));
      }
      this.log.exit(id, isCurrent ? 'current' : 'has changed');
    } catch (thrown) {
      const error = systemError(thrown, details);
      this.log.exit(id, error.message);
      throw error;
    }
  }

  /** Asks once, with the store held so that it is not thrown out meanwhile, and no longer than a fetch may stall. */
  async #ask(entry: Entry): Promise<boolean> {
    const { clock, policy } = this.#environment;
    const { source } = entry.store;
    const stop = new AbortController();
    const answered = new AbortController();
    this.#idle.delete(entry);
    const late = (): void => {
      const detail = `no answer for ${policy.stallMs} ms`;
      stop.abort(new ConveyorError('ETIMEDOUT', { origin, operation: 'stage', path: source.name, detail }));
    };
    if (policy.stallMs > 0) clock.sleep(policy.stallMs, answered.signal).then(late, () => undefined);
    try {
      const asking = Promise.resolve(source.isCurrent?.(stop.signal) ?? true);
      return await unlessAborted(asking, [stop.signal, this.#closed.signal], { origin, operation: 'stage' });
    } finally {
      answered.abort();
      stop.abort();
      entry.asking = undefined;
      if (entry.files.size === 0 && this.#entries.has(entry)) this.#idle.add(entry);
    }
  }

  /** The store that is there for a source, unless it holds another version. */
  #shareable({ key }: Source, size: number | undefined): Entry | undefined {
    const entry = key === undefined ? undefined : this.#shared.get(key);
    if (entry === undefined || !this.#isWorthKeeping(entry)) return undefined;
    const known = entry.store.size;
    return size === undefined || known === undefined || size === known ? entry : undefined;
  }

  #newEntry(source: Source, size: number | undefined): Entry {
    const store = new TempFileStore(source, this.#environment, this.#budget.share(), size);
    const entry: Entry = { store, files: new Set(), asking: undefined };
    const { key } = source;
    if (key !== undefined) {
      const former = this.#shared.get(key);
      if (former !== undefined && this.#idle.has(former)) void this.#drop(former).catch(() => undefined);
      this.#shared.set(key, entry);
    }
    this.#entries.add(entry);
    return entry;
  }

  /** One opener has let go. */
  async #release(entry: Entry, file: StagedFile): Promise<void> {
    entry.files.delete(file);
    if (entry.files.size > 0 || !this.#entries.has(entry)) return;
    const { store } = entry;
    const isFound = store.source.key !== undefined && this.#shared.get(store.source.key) === entry;
    const isOfUse = store.state === 'complete' || (store.isRanged && store.progress.bytes > 0);
    if (!isFound || !isOfUse || !this.#isWorthKeeping(entry) || this.#closing !== undefined) return this.#drop(entry);
    store.pause();
    this.#idle.add(entry);
    this.#budget.announceRoom();
  }

  /** What has changed at its source is not gone on with. */
  #isWorthKeeping({ store }: Entry): boolean {
    return store.state !== 'closed' && !store.isFinal;
  }

  async #evictOne(): Promise<boolean> {
    const [oldest] = this.#idle;
    if (oldest === undefined) return false;
    this.#evictions++;
    this.log.note('evict', oldest.store.source.name, `${oldest.store.progress.bytes} bytes`);
    // The room is back as soon as the file is gone; the source may take longer.
    this.#drop(oldest).catch((thrown: unknown) => this.#complain(oldest, thrown));
    await oldest.store.freed?.catch(() => undefined);
    return true;
  }

  /** Takes a store out of everything, in one step, and closes it. */
  #drop(entry: Entry): Promise<void> {
    const { key } = entry.store.source;
    if (key !== undefined && this.#shared.get(key) === entry) this.#shared.delete(key);
    this.#idle.delete(entry);
    this.#entries.delete(entry);
    return entry.store.close();
  }

  async #closeOnce(): Promise<void> {
    const id = this.log.enter('close-all', this.path);
    this.#closed.abort(closedError('stage', this.path));
    const entries = [...this.#entries];
    const files = entries.flatMap((entry) => [...entry.files]);
    const results = await Promise.allSettled([
      ...entries.map((entry) => this.#drop(entry)),
      ...files.map((file) => file.close()),
    ]);
    await this.#releaseArea();
    this.log.exit(id, 'closed');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #complain({ store }: Entry, thrown: unknown): void {
    const { message } = systemError(thrown, { origin, operation: 'close', path: store.source.name });
    this.log.note('evict', store.source.name, message);
  }
}

function requireSource(source: Source): void {
  const isSource = typeof source === 'object' && source !== null;
  if (!isSource || typeof source.open !== 'function' || typeof source.name !== 'string') {
    throw argumentTypeError('source', 'a source', source);
  }
}
