import { Fetch, type FetchPolicy } from './fetch.ts';
import { IntervalSet } from './interval-set.ts';
import type { Source } from './source.ts';
import type { StagedBytes } from './staged-bytes.ts';

/**
 * A read of a source that is not staged, for want of room: what is on the disk is taken from there, the rest is fetched
 * straight into the reader's buffer, which nothing touches any more once `run` has settled. Clause: T6.
 */
export class DirectRead {
  readonly #bytes: StagedBytes;
  readonly #buffer: Uint8Array;
  readonly #offset: number;
  readonly #arrived = new IntervalSet();
  readonly #fetch: Fetch;

  /** Requires: all of the buffer lies within the source. */
  constructor(source: Source, bytes: StagedBytes, policy: FetchPolicy, buffer: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#buffer = buffer;
    this.#offset = offset;
    const target = {
      arrived: this.#arrived,
      size: bytes.size,
      isRanged: true,
      admit: bytes.learn.bind(bytes),
      put: this.#put.bind(this),
      ended: () => undefined,
    };
    this.#fetch = new Fetch(source, target, policy, offset, offset + buffer.byteLength);
  }

  /** Resolves when the buffer is full. Errors: those of the source; the reason of {@link stop}. */
  async run(): Promise<void> {
    const end = this.#offset + this.#buffer.byteLength;
    for (let begin = this.#offset; begin < end; ) {
      const until = Math.min(end, this.#bytes.arrived.endOf(begin));
      if (until > begin) await this.#bytes.read(this.#part(begin, until), begin);
      this.#arrived.add(begin, until);
      begin = Math.min(end, this.#bytes.arrived.next(until)?.begin ?? end);
    }
    await this.#fetch.run();
  }

  stop(reason: unknown): void {
    this.#fetch.stop(reason);
  }

  #put(piece: Uint8Array, offset: number): void {
    const begin = Math.max(offset, this.#offset);
    const end = Math.min(offset + piece.byteLength, this.#offset + this.#buffer.byteLength);
    if (begin >= end) return;
    this.#buffer.set(piece.subarray(begin - offset, end - offset), begin - this.#offset);
    this.#arrived.add(begin, end);
  }

  #part(begin: number, end: number): Uint8Array {
    return this.#buffer.subarray(begin - this.#offset, end - this.#offset);
  }
}
