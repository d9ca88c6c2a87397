import { ConveyorError, type ErrorCode, systemError } from '@libconveyor/errors';
import type { BudgetShare } from './disk-budget.ts';
import type { FetchTarget } from './fetch.ts';
import { type Interval, IntervalSet } from './interval-set.ts';
import type { SourceAnswer } from './source.ts';
import type { StoreEnvironment } from './store-environment.ts';
import { closedError, origin, TempFile } from './temp-file.ts';
import { reasonOf } from './wait-list.ts';

/** How much room a source of unknown size takes at a time, bytes. */
const stepBytes = 8 * 1024 ** 2;

/** There is no room for a source that can be read without: its readers ask it directly. */
export class NoRoom extends ConveyorError {}

/**
 * What has arrived of one source, in a temporary file. It knows the size as soon as anybody does, believes it once, and
 * compares what arrives a second time.
 *
 * Clauses: T2, T5, T6.
 */
export class StagedBytes implements FetchTarget {
  readonly arrived: IntervalSet = new IntervalSet();
  readonly #name: string;
  readonly #environment: StoreEnvironment;
  readonly #share: BudgetShare;
  readonly #changed: () => void;
  #size: number | undefined;
  #isRanged: boolean | undefined;
  #file: Promise<TempFile> | undefined;
  /** Bytes that are being written. */
  #writing = 0;
  #isClosed = false;

  /** @param size As the caller announces it; a source that says something else has changed. */
  constructor(
    name: string,
    environment: StoreEnvironment,
    share: BudgetShare,
    size: number | undefined,
    changed: () => void,
  ) {
    this.#name = name;
    this.#environment = environment;
    this.#share = share;
    this.#size = size;
    this.#changed = changed;
  }

  get size(): number | undefined {
    return this.#size;
  }

  /** True until the source has shown that it knows no ranges. */
  get isRanged(): boolean {
    return this.#isRanged ?? true;
  }

  /** Whether ranges can be asked for now: the source has answered once, and where it ends is known. */
  get hasRanges(): boolean {
    return this.#isRanged === true && this.#size !== undefined;
  }

  /** Notes what an answer tells. Errors: ESTALE when the size is not what it was. */
  learn(answer: SourceAnswer, asked: number): void {
    const { size } = answer;
    if (size !== undefined && this.#size !== undefined && size !== this.#size) {
      throw this.#error('ESTALE', 0, `it has ${size} bytes now, and ${this.#size} were announced`);
    }
    this.#size ??= size;
    this.#isRanged = (this.#isRanged ?? true) && answer.isRanged && answer.begin === asked;
    this.#changed();
  }

  /** As seen by a fetch that begins in the middle: an answer that begins elsewhere would be fetched in vain. */
  get rangeTarget(): FetchTarget {
    const bytes = this;
    return {
      arrived: this.arrived,
      get size() {
        return bytes.size;
      },
      isRanged: true,
      async admit(answer, asked, signal) {
        await bytes.admit(answer, asked, signal);
        if (!bytes.isRanged) throw bytes.#error('ESPIPE', asked, 'the source knows no ranges');
      },
      put: bytes.put.bind(bytes),
      ended: () => undefined,
    };
  }

  /** Learns, and takes room for all of the source. Errors: ESTALE, ENOSPC; {@link NoRoom}. */
  async admit(answer: SourceAnswer, asked: number, signal: AbortSignal): Promise<void> {
    this.learn(answer, asked);
    const total = this.#size ?? Math.max(stepBytes, this.arrived.bytes);
    if (await this.#share.grow(total)) return;
    if (this.hasRanges) throw this.#noRoom();
    if (this.#share.isHopeless(total)) throw this.#error('ENOSPC', 0, 'it is larger than the budget');
    // Nothing is held by this store yet, so that two of them cannot wait for each other.
    this.giveRoomBack();
    await this.#room(total, signal);
  }

  /** Writes what is missing of a piece and compares the rest. Errors: ESTALE when it differs; ENOSPC, EIO, ... */
  async put(piece: Uint8Array, offset: number): Promise<void> {
    const end = offset + piece.byteLength;
    const gaps = this.arrived.gaps(offset, end);
    let begin = offset;
    for (const gap of gaps) {
      await this.#compare(piece, offset, { begin, end: gap.begin });
      await this.#write(piece.subarray(gap.begin - offset, gap.end - offset), gap.begin);
      begin = gap.end;
    }
    await this.#compare(piece, offset, { begin, end });
  }

  ended(offset: number): void {
    if (this.arrived.bytes > offset) throw this.#error('ESTALE', offset, 'it is shorter than it was');
    this.#size = offset;
    this.#share.shrink(offset, 1);
    this.#changed();
  }

  /** Fills `buffer` with bytes that have arrived. Errors: EBADF when it is closed. */
  async read(buffer: Uint8Array, offset: number): Promise<void> {
    const file = await this.#file;
    if (file === undefined || this.#isClosed) throw closedError('read', this.#name);
    await file.read(buffer, offset);
  }

  /** Keeps what is there and gives the rest of the room back. */
  giveRoomBack(): void {
    this.#share.shrink(this.arrived.bytes + this.#writing, this.#file === undefined ? 0 : 1);
  }

  /** Frees the disk, when nobody reads or writes any more. Twice is once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await (await this.#file?.catch(() => undefined))?.close();
    } finally {
      this.#share.release();
    }
  }

  async #write(part: Uint8Array, offset: number): Promise<void> {
    await this.#requireRoom(part.byteLength, offset);
    this.#writing += part.byteLength;
    try {
      await this.#writeEvicting(part, offset);
      this.arrived.add(offset, offset + part.byteLength);
    } finally {
      this.#writing -= part.byteLength;
    }
    this.#changed();
  }

  /** What is announced has its room; the rest takes it step by step, and a fetch that was stopped has none any more. */
  async #requireRoom(length: number, offset: number): Promise<void> {
    const total = this.arrived.bytes + this.#writing + length;
    if (this.#share.files > 0 && total <= this.#share.bytes) return;
    if (this.#size !== undefined) throw this.#noRoom();
    if (!(await this.#share.grow(total + stepBytes))) throw this.#error('ENOSPC', offset, 'the budget is used up');
  }

  async #writeEvicting(part: Uint8Array, offset: number): Promise<void> {
    for (;;) {
      try {
        return await (await this.#opened()).write(part, offset);
      } catch (thrown) {
        if (thrown instanceof NoRoom || !isDiskFull(thrown) || this.#isClosed) throw thrown;
        // Somebody else fills the disk: what nobody uses has to go, although the budget would let it stay.
        if (!(await this.#share.evictOne())) throw this.hasRanges ? this.#noRoom(thrown) : thrown;
      }
    }
  }

  async #compare(piece: Uint8Array, offset: number, { begin, end }: Interval): Promise<void> {
    if (begin >= end) return;
    const known = Buffer.allocUnsafe(end - begin);
    await this.read(known, begin);
    if (known.equals(piece.subarray(begin - offset, end - offset))) return;
    throw this.#error('ESTALE', begin, 'the source gives other bytes than before');
  }

  #opened(): Promise<TempFile> {
    if (this.#isClosed) throw closedError('write', this.#name);
    if (this.#file === undefined) {
      // A write that waited for an eviction may find that its fetch was given up meanwhile.
      if (this.#share.files === 0) throw this.#noRoom();
      const { disk } = this.#environment;
      const file = TempFile.create(disk, this.#environment.newPath());
      this.#file = file;
      file.catch(() => {
        this.#file = undefined;
      });
    }
    return this.#file;
  }

  /** Resolves when there is room for `total` bytes. Rejects with the signal's reason. */
  #room(total: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#share.ignoreRoom();
        signal.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = (): void => finish(() => reject(reasonOf(signal, { origin, operation: 'fetch' })));
      const look = (): void => {
        this.#share.grow(total).then((isThere) => isThere && finish(resolve), reject);
      };
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) return aborted();
      this.#share.onRoom(look);
      look();
    });
  }

  #noRoom(cause?: unknown): NoRoom {
    const detail = 'there is no room to stage it';
    return new NoRoom('ENOSPC', { origin, operation: 'fetch', path: this.#name, detail, cause });
  }

  #error(code: ErrorCode, offset: number, detail: string): ConveyorError {
    return new ConveyorError(code, { origin, operation: 'fetch', path: this.#name, offset, detail });
  }
}

function isDiskFull(thrown: unknown): boolean {
  return systemError(thrown, { origin, operation: 'write' }).kind === 'no-space';
}
