import { ConveyorError, type ErrorDetails, isConveyorError, systemError } from '@libconveyor/errors';
import type { Interval, IntervalSet } from './interval-set.ts';
import type { Source, SourceAnswer, SourceRange } from './source.ts';
import { type Patience, SourceRequest } from './source-request.ts';
import { origin } from './temp-file.ts';

/** How a fetch behaves. */
export interface FetchPolicy extends Patience {
  /** Failures in a row without a new byte between them, after which the fetch has failed. */
  readonly attemptsMax: number;
  /** Pause before the second attempt; it doubles with each further one. */
  readonly backOffMs: number;
  /** Bytes that are there already and worth a new request behind them; fewer are fetched again and compared. */
  readonly skipBytes: number;
}

/** Where fetched bytes go. */
export interface FetchTarget {
  /** What is there. */
  readonly arrived: IntervalSet;
  /** The size of the source, once it is known. */
  readonly size: number | undefined;
  /** False once the source is known to begin at its first byte only. */
  readonly isRanged: boolean;
  /**
   * Looks at each answer before its first byte counts. Throws to refuse it; may wait for room.
   *
   * @param asked Where the answer should begin.
   */
  admit(answer: SourceAnswer, asked: number, signal: AbortSignal): Promise<void> | void;
  /** Takes a piece, of which parts may be there already. */
  put(piece: Uint8Array, offset: number): Promise<void> | void;
  /** The source has ended here, and nobody had announced where. */
  ended(offset: number): void;
}

const backOffMsMax = 30_000;

/**
 * Fetches what is missing of a range, gap by gap: goes on where a request broke off, skips what has arrived meanwhile,
 * tries again what may be a passing trouble, and takes no byte that was not announced.
 *
 * Clauses: T2, T5.
 */
export class Fetch {
  readonly begin: number;
  readonly end: number;
  readonly #source: Source;
  readonly #target: FetchTarget;
  readonly #policy: FetchPolicy;
  readonly #controller = new AbortController();
  #position: number;
  #hasAsked = false;
  #hasEnded = false;

  /** @param end May be Infinity: until the source ends. */
  constructor(source: Source, target: FetchTarget, policy: FetchPolicy, begin: number, end: number) {
    this.#source = source;
    this.#target = target;
    this.#policy = policy;
    this.begin = begin;
    this.end = end;
    this.#position = begin;
  }

  /** The next byte that is expected to arrive. */
  get position(): number {
    return this.#position;
  }

  get isStopped(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Makes {@link run} reject with `reason` at once, whatever the source does. */
  stop(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Resolves when nothing is missing. Errors: the last failure; the reason of {@link stop}. Called once. */
  async run(): Promise<void> {
    const { signal } = this.#controller;
    const { clock, attemptsMax, backOffMs } = this.#policy;
    let failures = 0;
    for (let gap = this.#firstGap(); gap !== undefined; gap = this.#firstGap()) {
      const before = this.#target.arrived.bytes;
      try {
        await this.#attempt(gap);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        const error = this.#describe(thrown, gap);
        failures = this.#target.arrived.bytes > before ? 1 : failures + 1;
        if (!isWorthRetrying(error) || failures >= attemptsMax) throw error;
        await clock.sleep(Math.min(backOffMs * 2 ** (failures - 1), backOffMsMax), signal).catch(() => undefined);
        signal.throwIfAborted();
      }
    }
  }

  #firstGap(): Interval | undefined {
    if (this.#hasEnded) return undefined;
    // That a source is empty has to be heard from itself.
    if (this.#target.size === 0 && !this.#hasAsked) return { begin: 0, end: 0 };
    return this.#target.arrived.firstGap(this.begin, Math.min(this.end, this.#target.size ?? Number.POSITIVE_INFINITY));
  }

  /** One request. Resolves when its body has ended as it was announced, or when what follows is there already. */
  async #attempt(gap: Interval): Promise<void> {
    const { signal } = this.#controller;
    const asked = this.#target.isRanged ? gap.begin : 0;
    const range = { begin: asked, end: this.#requestEnd(gap) };
    this.#position = gap.begin;
    const request = await SourceRequest.open(this.#source, range, signal, this.#policy);
    try {
      const { answer } = request;
      if (answer.begin !== asked && answer.begin !== 0) {
        throw this.#unexpected(asked, `the source answered with bytes from ${answer.begin} on`);
      }
      await this.#target.admit(answer, asked, signal);
      this.#hasAsked = true;
      signal.throwIfAborted();
      await this.#drain(request, range);
    } finally {
      request.stop();
    }
  }

  async #drain(request: SourceRequest, asked: SourceRange): Promise<void> {
    const { begin, end: announced } = request.answer;
    const known = this.#target.arrived.bytes;
    let position = begin;
    // The next piece comes while the one before is written: of two, and no more, one is on its way to the disk.
    let putting: Promise<void> = Promise.resolve();
    try {
      for (let piece = await request.next(); piece !== undefined; piece = await request.next()) {
        await putting;
        this.#controller.signal.throwIfAborted();
        const end = announced ?? this.#target.size ?? Number.POSITIVE_INFINITY;
        const isOver = position + piece.byteLength > end;
        if (isOver) piece = piece.subarray(0, end - position);
        putting = this.#put(piece, position);
        position += piece.byteLength;
        if (isOver) throw this.#excess(end);
        if (this.#isEnough(position)) return;
      }
    } finally {
      await putting;
    }
    const end = announced ?? asked.end ?? this.#target.size;
    if (end !== undefined && position < end) throw this.#truncated(position, end);
    if (end === undefined) {
      this.#hasEnded = true;
      this.#target.ended(position);
    } else if (this.#target.arrived.bytes === known && position !== this.#target.size) {
      throw this.#unexpected(position, 'the source answered with no new bytes');
    }
  }

  #put(piece: Uint8Array, offset: number): Promise<void> {
    const put = async (): Promise<void> => {
      await this.#target.put(piece, offset);
      this.#position = Math.max(this.#position, offset + piece.byteLength);
    };
    const putting = put();
    putting.catch(() => undefined); // told when it is waited for
    return putting;
  }

  /**
   * Whether the rest of a body can be left: nobody wants it, or it is there. Its last byte is no reason: behind it
   * there may be more than was announced.
   */
  #isEnough(position: number): boolean {
    if (position >= this.end) return true;
    if (!this.#target.isRanged) return false;
    return this.#target.arrived.endOf(position) - position >= this.#policy.skipBytes;
  }

  /** Where a request from a gap on ends: before bytes that are there and worth another request. */
  #requestEnd(gap: Interval): number | undefined {
    if (!this.#target.isRanged) return undefined;
    const { arrived } = this.#target;
    let end = gap.end;
    while (end < this.end) {
      const behind = arrived.next(end);
      if (behind === undefined || behind.begin >= this.end)
        return this.end === Number.POSITIVE_INFINITY ? undefined : this.end;
      if (behind.end - behind.begin >= this.#policy.skipBytes) return behind.begin;
      end = behind.end;
    }
    return end === Number.POSITIVE_INFINITY ? undefined : end;
  }

  #describe(thrown: unknown, gap: Interval): ConveyorError {
    return systemError(thrown, this.#details(gap.begin));
  }

  #truncated(position: number, end: number): ConveyorError {
    const detail = `the source ended ${end - position} bytes early`;
    return new ConveyorError('ERR_CONVEYOR_TRUNCATED', { ...this.#details(position), detail });
  }

  #excess(end: number): ConveyorError {
    const detail = 'more bytes arrived than were announced';
    return new ConveyorError('EPROTO', { ...this.#details(end), kind: 'corrupt', detail });
  }

  /** Perhaps somebody between us and the source: worth another attempt. */
  #unexpected(offset: number, detail: string): ConveyorError {
    return new ConveyorError('EPROTO', { ...this.#details(offset), detail, retry: 'safe' });
  }

  #details(offset: number): ErrorDetails {
    return { origin, operation: 'fetch', path: this.#source.name, offset };
  }
}

const passing: ReadonlySet<string> = new Set(['network', 'timeout', 'busy', 'io']);

/** Whether what has arrived is of no use for going on: the source is not, or no longer, what it was taken for. */
export function isFinal(error: ConveyorError): boolean {
  return error.kind === 'changed' || (error.code === 'EPROTO' && error.kind === 'corrupt');
}

/** Whether an error of a source may be gone at the next attempt. */
export function isWorthRetrying(error: ConveyorError): boolean {
  if (!isConveyorError(error) || error.retry === 'exhausted') return false;
  return error.retry === 'safe' || passing.has(error.kind) || error.code === 'ERR_CONVEYOR_TRUNCATED';
}
