import { argumentTypeError, ConveyorError, type ErrorDetails } from '@libconveyor/errors';
import type { Clock } from '@libconveyor/storage';
import type { Source, SourceAnswer, SourceRange } from './source.ts';
import { origin } from './temp-file.ts';

/** How long a source may deliver nothing. */
export interface Patience {
  readonly clock: Clock;
  /** Milliseconds without a byte after which a request has failed; 0: no limit. Between this and its double. */
  readonly stallMs: number;
}

/** How many empty pieces in a row a source may give. */
const emptyPiecesMax = 1000;

/**
 * One request to a source, of which nothing is believed and for which nobody waits longer than he wants: every wait
 * ends when the request is stopped, whether the source listens or not. What a source delivers after that is dropped.
 *
 * Errors: what the source throws; ETIMEDOUT when it stalls; ERR_CONVEYOR_BACKEND_CONTRACT for an answer that cannot be.
 */
export class SourceRequest {
  readonly #source: Source;
  readonly #controller = new AbortController();
  readonly #details: ErrorDetails;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #answer: SourceAnswer | undefined;
  /** Ends the wait that is under way; a single place, because a promise that lives long would collect reactions. */
  #interrupt: ((reason: unknown) => void) | undefined;
  #waits = 0;
  #unlink: () => void = () => undefined;

  private constructor(source: Source, range: SourceRange) {
    this.#source = source;
    const length = range.end === undefined ? undefined : range.end - range.begin;
    this.#details = { origin, operation: 'fetch', path: source.name, offset: range.begin, length };
  }

  /** Asks for a range and waits for the answer. Stops with the signal, whose reason is then the error. */
  static async open(
    source: Source,
    range: SourceRange,
    signal: AbortSignal,
    patience: Patience,
  ): Promise<SourceRequest> {
    signal.throwIfAborted();
    const request = new SourceRequest(source, range);
    const stop = (): void => request.stop(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    request.#unlink = () => signal.removeEventListener('abort', stop);
    if (patience.stallMs > 0) void request.#watch(patience);
    try {
      await request.#begin(range);
      return request;
    } catch (thrown) {
      request.stop(thrown);
      throw thrown;
    }
  }

  get answer(): SourceAnswer {
    return this.#answer as SourceAnswer;
  }

  /** The next piece, never an empty one; undefined at the end of the body. */
  async next(): Promise<Uint8Array | undefined> {
    const iterator = this.#iterator as AsyncIterator<Uint8Array>;
    for (let empty = 0; empty < emptyPiecesMax; empty++) {
      const { done, value } = await this.#wait(() => iterator.next());
      if (done) return undefined;
      if (!(value instanceof Uint8Array)) throw argumentTypeError('a piece of the source', 'a Uint8Array', value);
      if (value.byteLength > 0) return value;
    }
    throw this.#broken(`it gave ${emptyPiecesMax} empty pieces in a row`);
  }

  /** Ends the request, and the wait that is under way with `reason`. Twice is once; nobody waits for the source. */
  stop(reason: unknown = new Error('the request is over')): void {
    if (this.#controller.signal.aborted) return;
    this.#unlink();
    this.#controller.abort(reason);
    this.#interrupt?.(reason);
    try {
      this.#iterator?.return?.().catch(() => undefined);
    } catch {
      // It is over either way.
    }
  }

  async #begin(range: SourceRange): Promise<void> {
    const opening = async (): Promise<SourceAnswer> => this.#source.open(range, this.#controller.signal);
    const answer = await this.#wait(opening, (late) => {
      // Nobody wants it any more: its body, which may hold a connection, is ended unread.
      late.body[Symbol.asyncIterator]()
        .return?.()
        .catch(() => undefined);
    });
    const { begin, end, size, body } = answer;
    const isCount = (value: number | undefined, min: number): boolean =>
      value === undefined || (Number.isSafeInteger(value) && value >= min);
    if (begin === undefined || !isCount(begin, 0) || !isCount(end, begin) || !isCount(size, end ?? 0)) {
      throw this.#broken(`it answered with bytes ${begin} to ${end} of ${size}`);
    }
    this.#answer = answer;
    this.#iterator = body[Symbol.asyncIterator]();
  }

  #wait<T>(action: () => Promise<T>, dropLate?: (late: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#controller;
      if (signal.aborted) return reject(signal.reason);
      this.#waits++;
      this.#interrupt = reject;
      const settle = (): boolean => {
        if (signal.aborted) return false;
        this.#interrupt = undefined;
        return true;
      };
      action().then(
        (value) => {
          if (settle()) resolve(value);
          else dropLate?.(value);
        },
        (thrown: unknown) => {
          if (settle()) reject(thrown);
        },
      );
    });
  }

  /** Fails the request when one wait for the source takes too long; a total limit would kill every long download. */
  async #watch({ clock, stallMs }: Patience): Promise<void> {
    const { signal } = this.#controller;
    try {
      while (!signal.aborted) {
        const waits = this.#waits;
        const wasWaiting = this.#interrupt !== undefined;
        await clock.sleep(stallMs, signal);
        if (wasWaiting && this.#interrupt !== undefined && this.#waits === waits) {
          const detail = `nothing has arrived for ${stallMs} ms`;
          this.stop(new ConveyorError('ETIMEDOUT', { ...this.#details, detail, retry: 'safe' }));
        }
      }
    } catch {
      // Stopped: the sleep was ended.
    }
  }

  #broken(detail: string): ConveyorError {
    return new ConveyorError('ERR_CONVEYOR_BACKEND_CONTRACT', { ...this.#details, detail });
  }
}
