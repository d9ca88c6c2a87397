import { rangeError, requireInteger, requireOptions, typeError } from './arguments.ts';
import { RingError } from './ring-error.ts';
import { SpscConsumer } from './spsc-consumer.ts';
import {
  consumerBit,
  framedSize,
  frameUnit,
  modeNumbers,
  producerBit,
  type SpscMode,
  spscAlignment,
  spscCapacityMax,
  spscCapacityMin,
  spscHeaderSize,
  spscMagic,
  spscVersion,
  word,
} from './spsc-layout.ts';
import { SpscProducer } from './spsc-producer.ts';

/** How a region of memory becomes a ring. */
export interface SpscFormat {
  /** Bytes that the ring can hold: a power of two from 64 to 2^30. */
  capacity: number;
  mode: SpscMode;
  /** Where in the memory the region begins, a multiple of 64. 0 by default. */
  byteOffset?: number;
  /** The first position, a multiple of 8, which tests set near the wrap. 0 by default. */
  start?: number;
}

/**
 * A ring between exactly two threads: one pushes, one pops, neither ever waits for a lock. It carries a stream of
 * bytes or a sequence of frames (messages), in order. The C++ twin is `conveyor::ring::SpscRing`; both have one memory
 * layout (`spsc-layout.ts`). Threads of one process that block in different languages do not wake each other.
 *
 *     const ring = SpscRing.create(4096, 'frames');
 *     new Worker(url, { workerData: ring.memory });        // there: SpscRing.attach(workerData).producer()
 *     const consumer = ring.consumer();                    // here
 *
 * Threads: any; each end belongs to one thread.
 */
export class SpscRing {
  /** Hand this to the other thread, which calls {@link SpscRing.attach}. */
  readonly memory: SharedArrayBuffer;
  /** Where in {@link memory} the region begins. */
  readonly byteOffset: number;
  readonly capacity: number;
  readonly mode: SpscMode;
  readonly #words: Int32Array;

  private constructor(memory: SharedArrayBuffer, byteOffset: number) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.#words = new Int32Array(memory, byteOffset, spscHeaderSize / 4);
    this.capacity = this.#words[word.capacity] as number;
    this.mode = this.#words[word.mode] === modeNumbers.bytes ? 'bytes' : 'frames';
  }

  /** Size of the region that a ring of this capacity takes, in bytes. */
  static regionSize(capacity: number): number {
    return spscHeaderSize + capacity;
  }

  /** Bytes that a frame of this length takes in a ring: 8 more, rounded up to 8. */
  static framedSize(length: number): number {
    requireInteger('length', length, 0);
    return framedSize(length);
  }

  /**
   * A ring in new shared memory. Errors: RangeError for a capacity that is not valid (nothing is rounded), or a mode.
   */
  static create(capacity: number, mode: SpscMode): SpscRing {
    requireCapacity(capacity);
    return SpscRing.format(new SharedArrayBuffer(SpscRing.regionSize(capacity)), { capacity, mode });
  }

  /**
   * Makes an empty ring of a region. Requires: nobody uses the region.
   *
   * Errors: TypeError, RangeError (ERR_CONVEYOR_*) when an option is not valid or the memory too short.
   */
  static format(memory: SharedArrayBuffer, options: SpscFormat): SpscRing {
    requireOptions(options, ['capacity', 'mode', 'byteOffset', 'start']);
    const { capacity, mode, byteOffset = 0, start = 0 } = options;
    requireCapacity(capacity);
    if (!Object.hasOwn(modeNumbers, mode)) throw rangeError('mode', "'bytes' or 'frames'", mode);
    requireInteger('start', start, 0, 2 ** 32 - 1);
    if (start % frameUnit !== 0) throw rangeError('start', `a multiple of ${frameUnit}`, start);
    requireRegion(memory, byteOffset, SpscRing.regionSize(capacity));
    const words = new Int32Array(memory, byteOffset, spscHeaderSize / 4);
    words.fill(0);
    words[word.magic] = spscMagic;
    words[word.version] = spscVersion;
    words[word.capacity] = capacity;
    words[word.mode] = modeNumbers[mode];
    words[word.head] = start;
    Atomics.store(words, word.tail, start | 0);
    return new SpscRing(memory, byteOffset);
  }

  /**
   * The ring in memory that was formatted before, in any thread and in either language.
   *
   * Errors: RingError ERR_CONVEYOR_FORMAT, saying what is wrong; TypeError and RangeError for arguments that are
   * none.
   */
  static attach(memory: SharedArrayBuffer, byteOffset = 0): SpscRing {
    requireRegion(memory, byteOffset, spscHeaderSize);
    const words = new Int32Array(memory, byteOffset, spscHeaderSize / 4);
    const fault = findFault(words, memory.byteLength - byteOffset);
    if (fault !== undefined) throw new RingError('ERR_CONVEYOR_FORMAT', 'attach', fault);
    return new SpscRing(memory, byteOffset);
  }

  /** The pushing end. Errors: RingError EBUSY while somebody has it. */
  producer(): SpscProducer {
    this.#claim(producerBit, 'producer');
    return new SpscProducer(this.memory, this.byteOffset);
  }

  /** The popping end. Errors: RingError EBUSY while somebody has it. */
  consumer(): SpscConsumer {
    this.#claim(consumerBit, 'consumer');
    return new SpscConsumer(this.memory, this.byteOffset);
  }

  /**
   * How many bytes the ring holds, more or less: both sides may move between the two loads, and after them. For
   * statistics; to know, ask the consumer's `available()` or the producer's `room()`.
   */
  sizeGuess(): number {
    const head = Atomics.load(this.#words, word.head); // first, so that the tail is not older
    const size = (Atomics.load(this.#words, word.tail) - head) >>> 0;
    return Math.min(size, this.capacity);
  }

  /** The whole region, header and data. */
  region(): Uint8Array {
    return new Uint8Array(this.memory, this.byteOffset, SpscRing.regionSize(this.capacity));
  }

  #claim(bit: number, name: string): void {
    if ((Atomics.or(this.#words, word.claims, bit) & bit) === 0) return;
    throw new RingError('EBUSY', name, `the ring has a ${name} already`);
  }
}

function isCapacity(capacity: number): boolean {
  return capacity >= spscCapacityMin && capacity <= spscCapacityMax && Number.isInteger(Math.log2(capacity));
}

function requireCapacity(capacity: unknown): void {
  requireInteger('capacity', capacity, 0);
  if (!isCapacity(capacity)) throw rangeError('capacity', 'a power of two from 64 to 2^30', capacity);
}

function requireRegion(memory: unknown, byteOffset: unknown, size: number): void {
  if (!(memory instanceof SharedArrayBuffer)) throw typeError('memory', 'a SharedArrayBuffer', memory);
  requireInteger('byteOffset', byteOffset, 0);
  if (byteOffset % spscAlignment !== 0) {
    throw rangeError('byteOffset', `a multiple of ${spscAlignment}`, byteOffset);
  }
  if (memory.byteLength - byteOffset < size) {
    throw rangeError('memory.byteLength', `at least ${byteOffset + size}`, memory.byteLength);
  }
}

/** Says why a region is no ring. */
function findFault(words: Int32Array, regionSize: number): string | undefined {
  const capacity = words[word.capacity] as number;
  const mode = words[word.mode] as number;
  if (words[word.magic] !== spscMagic) return 'this memory holds no ring';
  if (words[word.version] !== spscVersion) return `version ${words[word.version]} of the layout is not known`;
  if (!isCapacity(capacity)) return `a capacity of ${capacity} bytes cannot be`;
  if (regionSize < SpscRing.regionSize(capacity)) return `the memory ends before the ring's ${capacity} bytes do`;
  return Object.values(modeNumbers).includes(mode) ? undefined : `mode ${mode} is not known`;
}
