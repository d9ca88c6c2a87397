import { rangeError, requireBytes, requireInteger, requireOptions, typeError } from './arguments.ts';

/** A range of a ring as one or two runs of memory: `second` is empty unless the range goes over the wrap. */
export interface Pieces {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/** How a {@link ByteRing} begins. */
export interface ByteRingOptions {
  /** Bytes of memory: 0 or a power of two. 0 by default; see {@link ByteRing.resize}. */
  capacity?: number;
  /** Position of the first byte. 0 by default. */
  start?: number;
  /** Memory that other threads can see (SharedArrayBuffer). False by default. */
  shared?: boolean;
}

const capacityMin = 64;
const capacityMax = 2 ** 30;
const nothing: Uint8Array = new Uint8Array(0);

/**
 * A byte log in a ring: bytes are appended at the tail, read and overwritten in place by their position, and released
 * from the head. Positions only ever rise and never wrap (safe integers, so 2^53 bytes); the byte at position p lies at
 * p mod capacity of the memory. The C++ twin is `conveyor::ring::ByteRing`.
 *
 *     head          tail            head + capacity
 *      | live bytes  | vacant bytes  |
 *
 * Errors: a range that is not live, a capacity that is none and the like are RangeErrors (ERR_CONVEYOR_ARG_RANGE) and
 * have changed nothing. Being full is no error: {@link write} returns undefined.
 * Threads: one at a time. Other threads may read views into shared memory as long as nobody overwrites those bytes.
 */
export class ByteRing {
  readonly #shared: boolean;
  #memory: Uint8Array = nothing;
  #mask = 0;
  #head: number;
  #tail: number;
  /** Where the head lies in the memory: positions are too large for bit operations, distances from the head are not. */
  #headIndex = 0;

  /** Errors: TypeError, RangeError (ERR_CONVEYOR_*) for options that are none. */
  constructor(options: ByteRingOptions = {}) {
    requireOptions(options, ['capacity', 'start', 'shared']);
    const { capacity = 0, start = 0, shared = false } = options;
    requireInteger('start', start, 0);
    if (typeof shared !== 'boolean') throw typeError('shared', 'a boolean', shared);
    this.#shared = shared;
    this.#head = start;
    this.#tail = start;
    this.resize(capacity);
  }

  /** Whether {@link resize} takes this capacity: 0, or a power of two from 64 to 2^30. Nothing is rounded. */
  static isValidCapacity(capacity: number): boolean {
    return (
      capacity === 0 || (capacity >= capacityMin && capacity <= capacityMax && Number.isInteger(Math.log2(capacity)))
    );
  }

  get capacity(): number {
    return this.#memory.length;
  }

  /** Position of the oldest live byte; equal to {@link tail} when there is none. */
  get head(): number {
    return this.#head;
  }

  /** Position that the next byte will have. */
  get tail(): number {
    return this.#tail;
  }

  /** Count of live bytes. */
  get used(): number {
    return this.#tail - this.#head;
  }

  /** Count of bytes that can be appended now. */
  get vacant(): number {
    return this.#memory.length - (this.#tail - this.#head);
  }

  /** The whole memory as it lies, for comparing and debugging: the byte at position p is at p mod capacity. */
  get memory(): Uint8Array {
    return this.#memory;
  }

  /** Whether [position, position + length) is live. An empty range is live anywhere in [head, tail]. */
  contains(position: number, length: number): boolean {
    return (
      Number.isInteger(position) &&
      Number.isInteger(length) &&
      length >= 0 &&
      position >= this.#head &&
      position <= this.#tail &&
      length <= this.#tail - position
    );
  }

  /**
   * Appends a copy of `data`. Returns the position of its first byte, or undefined when fewer bytes are vacant.
   * Errors: TypeError when `data` is no Uint8Array; RangeError when positions are used up.
   */
  write(data: Uint8Array): number | undefined {
    requireBytes('data', data);
    if (data.length > this.vacant) return undefined;
    const position = this.#tail;
    requireInteger('tail', position + data.length, 0);
    this.#copyIn(position, data);
    this.#tail = position + data.length;
    return position;
  }

  /**
   * The vacant memory from the tail on, in the order in which {@link commit} takes it, for callers that fill it
   * themselves. Valid until the next write, commit, release or resize.
   */
  vacantPieces(): Pieces {
    return this.#piecesAt(this.#tail, this.vacant);
  }

  /** Appends the first `count` bytes of {@link vacantPieces} as they are. Errors: RangeError when fewer are vacant. */
  commit(count: number): void {
    requireInteger('count', count, 0, this.vacant);
    requireInteger('tail', this.#tail + count, 0);
    this.#tail += count;
  }

  /**
   * The memory of [position, position + length). Valid until those bytes are released; a resize leaves it as it is,
   * apart from the ring. Errors: RangeError unless all of it is live.
   */
  view(position: number, length: number): Pieces {
    this.#requireLive(position, length);
    return this.#piecesAt(position, length);
  }

  /** Copies live bytes from `position` on into `out`, all of it. Errors: RangeError unless all are live. */
  copyOut(position: number, out: Uint8Array): void {
    requireBytes('out', out);
    this.#requireLive(position, out.length);
    const { first, second } = this.#piecesAt(position, out.length);
    out.set(first);
    if (second.length > 0) out.set(second, first.length);
  }

  /** Replaces live bytes from `position` on by `data`. Errors: RangeError unless all of them are live. */
  overwrite(position: number, data: Uint8Array): void {
    requireBytes('data', data);
    this.#requireLive(position, data.length);
    this.#copyIn(position, data);
  }

  /**
   * Gives up the bytes before `position`, which becomes the head. Errors: RangeError unless head <= position <= tail.
   */
  release(position: number): void {
    this.#requireLive(position, 0);
    this.#headIndex = this.#indexOf(position);
    this.#head = position;
  }

  /**
   * Moves the live bytes into memory of another capacity, larger or smaller; they keep their positions, and views into
   * the old memory keep their bytes. A capacity of 0 gives all memory up and needs an empty ring.
   *
   * @returns The old memory. Whoever still reads from it keeps it alive by that.
   * Errors: RangeError for a capacity that is not valid or smaller than what is live.
   */
  resize(capacity: number): Uint8Array {
    requireInteger('capacity', capacity, 0);
    if (!ByteRing.isValidCapacity(capacity)) {
      throw rangeError('capacity', '0 or a power of two from 64 to 2^30', capacity);
    }
    if (capacity < this.used) throw rangeError('capacity', `at least the ${this.used} live bytes`, capacity);
    const fresh = new Uint8Array(this.#shared ? new SharedArrayBuffer(capacity) : new ArrayBuffer(capacity));
    const old = this.#memory;
    const { first, second } = this.#piecesAt(this.#head, this.used);
    this.#memory = fresh;
    this.#mask = Math.max(capacity - 1, 0);
    this.#headIndex = capacity === 0 ? 0 : this.#head % capacity;
    if (first.length > 0) this.#copyIn(this.#head, first);
    if (second.length > 0) this.#copyIn(this.#head + first.length, second);
    return old;
  }

  #indexOf(position: number): number {
    return (this.#headIndex + (position - this.#head)) & this.#mask;
  }

  #piecesAt(position: number, length: number): Pieces {
    if (length === 0) return { first: nothing, second: nothing };
    const index = this.#indexOf(position);
    const end = index + length;
    if (end <= this.#memory.length) return { first: this.#memory.subarray(index, end), second: nothing };
    return { first: this.#memory.subarray(index), second: this.#memory.subarray(0, end - this.#memory.length) };
  }

  #copyIn(position: number, data: Uint8Array): void {
    const index = this.#indexOf(position);
    const beforeWrap = this.#memory.length - index;
    if (data.length <= beforeWrap) {
      this.#memory.set(data, index);
      return;
    }
    this.#memory.set(data.subarray(0, beforeWrap), index);
    this.#memory.set(data.subarray(beforeWrap), 0);
  }

  #requireLive(position: number, length: number): void {
    if (this.contains(position, length)) return;
    const live = `within the live bytes [${this.#head}, ${this.#tail})`;
    throw rangeError(`position, with length ${length},`, live, position);
  }
}
