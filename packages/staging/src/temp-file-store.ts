import { ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import { DirectRead } from './direct-read.ts';
import type { BudgetShare } from './disk-budget.ts';
import { Fetch, isFinal } from './fetch.ts';
import type { Interval } from './interval-set.ts';
import { RangePlan } from './range-plan.ts';
import type { Source } from './source.ts';
import { NoRoom, StagedBytes } from './staged-bytes.ts';
import type { StagingProgress, StagingState } from './staging-progress.ts';
import type { StoreEnvironment } from './store-environment.ts';
import { closedError, origin } from './temp-file.ts';
import { reasonOf, WaitList } from './wait-list.ts';

/** Signals that end a wait: the caller's, the opener's. */
export type Signals = readonly (AbortSignal | undefined)[];

/** A read that waits for bytes. */
interface Need {
  readonly begin: number;
  readonly end: number;
  /** Why the bytes will not come: the range that was to bring them has failed. */
  error?: ConveyorError;
}

/**
 * One source in one temporary file: fetched once, from the front, while any number of readers read any range.
 *
 * What can happen to the bytes is a level that only grows; a state ends what is waited for: `complete`, `failed`,
 * closed. Readers look, wait in a list and look again, each in one step of the JavaScript thread, so none sleeps while
 * its bytes are there. Clauses: T1 to T5.
 */
export class TempFileStore {
  readonly source: Source;
  readonly #environment: StoreEnvironment;
  readonly #share: BudgetShare;
  readonly #bytes: StagedBytes;
  readonly #plan: RangePlan;
  readonly #waiting = new WaitList();
  readonly #needs = new Set<Need>();
  readonly #ranges = new Set<Fetch>();
  readonly #directReads = new Set<DirectRead>();
  #state: StagingState = 'paused';
  #level = 0;
  #front: Fetch | undefined;
  #failure: ConveyorError | undefined;
  #closing: Promise<void> | undefined;
  #freed: Promise<void> | undefined;

  constructor(source: Source, environment: StoreEnvironment, share: BudgetShare, size: number | undefined) {
    this.source = source;
    this.#environment = environment;
    this.#share = share;
    this.#bytes = new StagedBytes(source.name, environment, share, size, () => this.#changed());
    this.#plan = new RangePlan(environment.reachBytes, environment.rangeBytes);
  }

  get state(): StagingState {
    return this.#state;
  }

  get size(): number | undefined {
    return this.#bytes.size;
  }

  get isRanged(): boolean {
    return this.#bytes.isRanged;
  }

  /** What ended the fetch, while the state is `failed`. */
  get failure(): ConveyorError | undefined {
    return this.#failure;
  }

  /** Whether it has failed for good: what it holds will never be completed. */
  get isFinal(): boolean {
    return this.#failure !== undefined && isFinal(this.#failure);
  }

  get progress(): StagingProgress {
    const { arrived, size } = this.#bytes;
    return { level: this.#level, state: this.#state, bytes: arrived.bytes, size, front: arrived.endOf(0) };
  }

  /**
   * Begins to fetch, or goes on where it was paused or has failed, unless the source has changed. Does nothing in any
   * other state. Errors: EBADF. Clause: T5.
   */
  resume(): void {
    this.#requireOpen('retry');
    if (this.#state === 'failed' ? !this.isFinal : this.#state === 'paused') this.#start();
  }

  /** Stops fetching and keeps what is there, for a store that nobody uses. */
  pause(): void {
    if (this.#state !== 'fetching' && this.#state !== 'unstaged') return;
    this.#share.ignoreRoom();
    this.#state = 'paused';
    this.#stopFetches(new ConveyorError('ECANCELED', this.#details('fetch')));
    this.#changed();
    void this.#closeSource();
  }

  /** Fills `buffer` as soon as its bytes are there. Clauses: T1 to T5. */
  async read(buffer: Uint8Array, offset: number, signals: Signals): Promise<number> {
    const details = this.#details('read', offset, buffer.byteLength);
    const end = offset + buffer.byteLength;
    for (;;) {
      const verdict = this.#judge({ begin: offset, end }, details);
      if (verdict === 'wait') {
        await this.#waitFor({ begin: offset, end }, signals, details);
        continue;
      }
      const length = Math.max(0, Math.min(end, this.size ?? end) - offset);
      const part = buffer.subarray(0, length);
      if (length === 0) return 0;
      if (verdict === 'arrived') await this.#bytes.read(part, offset);
      else await this.#readDirectly(part, offset, signals, details);
      return length;
    }
  }

  /** Resolves when `isReady` holds; it is asked again at every change. Errors: EBADF when the store is closed. */
  until(isReady: () => boolean, signals: Signals, operation: string): Promise<void> {
    const look = (): boolean => {
      this.#requireOpen(operation);
      return isReady();
    };
    return this.#waiting.until(look, signals, this.#details(operation));
  }

  /** Ends whoever waits, lets whoever reads finish, frees. Twice is once. Clause: T4. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  /** Resolves when a store that is being closed has given its room on the disk back. */
  get freed(): Promise<void> | undefined {
    return this.#freed;
  }

  async #closeOnce(): Promise<void> {
    const { log } = this.#environment;
    const id = log.enter('close', this.source.name, `${this.#waiting.count} wait`);
    const reason = closedError('read', this.source.name);
    this.#state = 'closed';
    this.#share.ignoreRoom();
    this.#changed();
    for (const read of this.#directReads) read.stop(reason);
    this.#stopFetches(reason);
    try {
      this.#freed = this.#bytes.close();
      await this.#freed;
      await this.#closeSource();
      log.exit(id, 'closed');
    } catch (thrown) {
      await this.#closeSource();
      log.exit(id, systemError(thrown, this.#details('close')).message);
      throw thrown;
    }
  }

  /** Waits for the source as long as is allowed and no longer. What goes wrong there concerns nobody any more. */
  async #closeSource(): Promise<void> {
    if (this.source.close === undefined) return;
    const { clock, closeTimeoutMs, log } = this.#environment;
    const timer = new AbortController();
    const close = async (): Promise<void> => this.source.close?.();
    const closing = close().then(
      () => 'closed',
      (thrown: unknown) => systemError(thrown, this.#details('close')).message,
    );
    const expiry = clock.sleep(closeTimeoutMs, timer.signal).then(
      () => `not closed after ${closeTimeoutMs} ms, left alone`,
      () => '',
    );
    log.note('close-source', this.source.name, await Promise.race([closing, expiry]));
    timer.abort();
  }

  #start(): void {
    const front = new Fetch(this.source, this.#bytes, this.#environment.policy, 0, Number.POSITIVE_INFINITY);
    this.#front = front;
    this.#state = 'fetching';
    this.#failure = undefined;
    const { log } = this.#environment;
    const id = log.enter('fetch', this.source.name, `from byte ${this.#bytes.arrived.endOf(0)} on`);
    front.run().then(
      () => {
        log.exit(id, `complete, ${this.size} bytes`);
        if (this.#front === front) this.#completed();
      },
      (thrown: unknown) => {
        const error = systemError(thrown, this.#details('fetch'));
        log.exit(id, error.message);
        if (this.#front === front) this.#ended(error);
      },
    );
    this.#changed();
  }

  #completed(): void {
    this.#front = undefined;
    this.#state = 'complete';
    this.#changed();
    void this.#closeSource();
  }

  /** The fetch is over before its end: for want of room, or for good. */
  #ended(error: ConveyorError): void {
    this.#stopFetches(error);
    if (error instanceof NoRoom) {
      this.#state = 'unstaged';
      this.#bytes.giveRoomBack();
      this.#share.onRoom(() => void this.#stageAgain());
      this.#environment.log.note('unstaged', this.source.name, error.message);
    } else {
      this.#state = 'failed';
      this.#failure = error;
    }
    this.#changed();
  }

  async #stageAgain(): Promise<void> {
    const isWanted = (): boolean => this.#state === 'unstaged';
    if (!isWanted() || !(await this.#share.grow(this.size ?? 0))) return;
    this.#share.ignoreRoom();
    if (isWanted()) this.#start();
  }

  #stopFetches(reason: unknown): void {
    const front = this.#front;
    this.#front = undefined;
    front?.stop(reason);
    for (const range of this.#ranges) range.stop(reason);
    this.#ranges.clear();
  }

  /** What there is to do for a read. Throws what ends it. */
  #judge(need: Need, details: ErrorDetails): 'arrived' | 'direct' | 'wait' {
    this.#requireOpen('read');
    const { size, arrived } = this.#bytes;
    const end = size === undefined ? need.end : Math.min(need.end, size);
    if (arrived.covers(need.begin, end)) return 'arrived';
    const error = this.#failure ?? need.error;
    if (error !== undefined) throw forReader(error, details);
    if (this.#state === 'paused') throw forReader(new ConveyorError('ECANCELED', this.#details('fetch')), details);
    return this.#state === 'unstaged' ? 'direct' : 'wait';
  }

  async #waitFor(need: Need, signals: Signals, details: ErrorDetails): Promise<void> {
    this.#needs.add(need);
    try {
      const waiting = this.#waiting.until(() => this.#judge(need, details) !== 'wait', signals, details);
      this.#fetchRanges();
      await waiting;
    } finally {
      this.#needs.delete(need);
    }
  }

  async #readDirectly(buffer: Uint8Array, offset: number, signals: Signals, details: ErrorDetails): Promise<void> {
    const read = new DirectRead(this.source, this.#bytes, this.#environment.policy, buffer, offset);
    const wanted = signals.filter((signal) => signal !== undefined);
    const stop = (): void => {
      const aborted = wanted.find((signal) => signal.aborted);
      if (aborted !== undefined) read.stop(reasonOf(aborted, details));
    };
    for (const signal of wanted) signal.addEventListener('abort', stop, { once: true });
    this.#directReads.add(read);
    try {
      stop();
      await read.run();
    } catch (thrown) {
      throw forReader(systemError(thrown, details), details);
    } finally {
      this.#directReads.delete(read);
      for (const signal of wanted) signal.removeEventListener('abort', stop);
    }
  }

  /** Begins fetches out of order for readers who would wait long, first come first served. Clause: T2. */
  #fetchRanges(): void {
    if (this.#state !== 'fetching' || !this.#bytes.hasRanges) return;
    const { arrived, size = 0 } = this.#bytes;
    for (const need of this.#needs) {
      if (this.#ranges.size >= this.#environment.rangesMax) return;
      const situation = { arrived, size, front: this.#front, ranges: [...this.#ranges] };
      const range = this.#plan.next(situation, need.begin, need.end);
      if (range === undefined) continue;
      this.#plan.began(range);
      this.#fetchRange(range);
    }
  }

  #fetchRange({ begin, end }: Interval): void {
    const { log, policy } = this.#environment;
    const range = new Fetch(this.source, this.#bytes.rangeTarget, policy, begin, end);
    const id = log.enter('range', this.source.name, `bytes ${range.begin}-${range.end - 1}`);
    this.#ranges.add(range);
    range.run().then(
      () => {
        log.exit(id, 'arrived');
        if (this.#ranges.delete(range)) this.#changed();
      },
      (thrown: unknown) => {
        const error = systemError(thrown, this.#details('fetch', range.begin));
        log.exit(id, error.message);
        if (this.#ranges.delete(range)) this.#rangeFailed(range, error);
      },
    );
  }

  #rangeFailed(range: Fetch, error: ConveyorError): void {
    // What has changed has changed for everybody, and what is full is full.
    if (isFinal(error) || error instanceof NoRoom) {
      this.#ended(error);
      return;
    }
    for (const need of this.#needs) {
      const begin = Math.max(need.begin, range.begin);
      const end = Math.min(need.end, range.end);
      // Without ranges the front brings the bytes, some time.
      if (this.isRanged && !this.#bytes.arrived.covers(begin, end)) need.error = error;
    }
    this.#changed();
  }

  #changed(): void {
    this.#level++;
    this.#waiting.changed();
    if (this.#needs.size > 0) this.#fetchRanges();
  }

  #requireOpen(operation: string): void {
    if (this.#state === 'closed') throw closedError(operation, this.source.name);
  }

  #details(operation: string, offset?: number, length?: number): ErrorDetails {
    return { origin, operation, path: this.source.name, offset, length };
  }
}

/** The error of one read: what ended it as its cause, and which bytes it is about. Clause: T5. */
function forReader(cause: ConveyorError, details: ErrorDetails): ConveyorError {
  if (cause.origin === origin && (cause.kind === 'closed' || cause.operation === 'read')) return cause;
  const { code, kind, retry, detail } = cause;
  return new ConveyorError(code, { ...details, kind, retry, detail, cause });
}
