import { rangeError, requireBytes } from './arguments.ts';
import { corrupt } from './ring-error.ts';
import { SpscEnd } from './spsc-end.ts';
import { consumerBit, framedSize, frameUnit, producerBit, word } from './spsc-layout.ts';

/**
 * The popping end of a ring. Made by `SpscRing.consumer`.
 *
 * Errors of every pop: RingError ERR_CONVEYOR_FORMAT when the region holds what no producer writes, EBADF after
 * {@link detach}; TypeError for bytes of a ring of frames or the other way round. Threads: the one that claimed it.
 */
export class SpscConsumer extends SpscEnd {
  /** Ours; the header has a copy. A signed 32-bit number, as the next one: differences come out right by `| 0`. */
  #head: number;
  /** The producer's, when we last had to look. */
  #tailSeen: number;

  /** Use `SpscRing.consumer`. */
  constructor(memory: SharedArrayBuffer, byteOffset: number) {
    super(memory, byteOffset, consumerBit);
    this.#head = Atomics.load(this.words, word.head);
    this.#tailSeen = this.#head; // so that the first look is one that checks
  }

  /** True once the producer has closed and everything was popped: nothing will come. */
  get ended(): boolean {
    // In this order: the last push comes before the close, so once that is seen, the tail is final.
    return this.hasEnded(producerBit) && this.#available(1) === 0;
  }

  /** Bytes that can be popped now, the words and paddings of frames included; the producer can only make it more. */
  available(): number {
    return this.#available(this.capacity);
  }

  /**
   * Pops up to out.length bytes. Returns their count: 0 when there is nothing now, or at the {@link ended end}. Wait-
   * free.
   */
  tryPop(out: Uint8Array): number {
    this.requireUsable('pop', 'bytes');
    requireBytes('out', out);
    const count = Math.min(out.length, this.#available(out.length));
    if (count === 0) return 0;
    this.copyOut(this.#head, out, count);
    this.#publish(count);
    return count;
  }

  /** Length of the next frame, or undefined when there is none now, or at the {@link ended end}. Wait-free. */
  frameLength(): number | undefined {
    this.requireUsable('popFrame', 'frames');
    const ready = this.#available(frameUnit);
    if (ready === 0) return undefined;
    const length = (this.dataWords[(this.#head & this.mask) >> 2] as number) >>> 0;
    // Frames are published whole.
    if (ready < frameUnit || framedSize(length) > ready) throw corrupt('popFrame', `a frame of ${length} bytes`);
    return length;
  }

  /** Pops one frame as memory of its own, or undefined as {@link frameLength}. Wait-free. */
  tryPopFrame(): Uint8Array<ArrayBuffer> | undefined {
    const length = this.frameLength();
    if (length === undefined) return undefined;
    const frame = new Uint8Array(length);
    this.#takeFrame(frame, length);
    return frame;
  }

  /**
   * Pops one frame into the front of `out`. Returns its length, or undefined as {@link frameLength}. Wait-free.
   *
   * Errors: RangeError when `out` is shorter than the frame, which stays.
   */
  tryPopFrameInto(out: Uint8Array): number | undefined {
    requireBytes('out', out);
    const length = this.frameLength();
    if (length === undefined) return undefined;
    if (length > out.length) throw rangeError('out.length', `at least the frame's ${length}`, out.length);
    this.#takeFrame(out, length);
    return length;
  }

  /**
   * Pops up to out.length bytes, blocking the thread until there is one. Returns their count: 0 at the {@link ended
   * end}, or when `timeoutMs` has passed.
   */
  pop(out: Uint8Array, timeoutMs: number = Number.POSITIVE_INFINITY): number {
    const count = this.tryPop(out);
    if (count > 0 || out.length === 0) return count;
    this.sleepUntil(word.consumerSleeps, 1, () => this.#isReady(), timeoutMs);
    return this.tryPop(out);
  }

  /**
   * Pops one frame, blocking the thread until there is one. Returns undefined at the {@link ended end}, or when
   * `timeoutMs` has passed.
   */
  popFrame(timeoutMs: number = Number.POSITIVE_INFINITY): Uint8Array<ArrayBuffer> | undefined {
    const frame = this.tryPopFrame();
    if (frame !== undefined) return frame;
    this.sleepUntil(word.consumerSleeps, 1, () => this.#isReady(), timeoutMs);
    return this.tryPopFrame();
  }

  /**
   * Pops one frame into the front of `out`, blocking the thread until there is one. Returns its length; undefined at
   * the {@link ended end}, or when `timeoutMs` has passed. Errors: RangeError when `out` is shorter; the frame stays.
   */
  popFrameInto(out: Uint8Array, timeoutMs: number = Number.POSITIVE_INFINITY): number | undefined {
    const length = this.tryPopFrameInto(out);
    if (length !== undefined) return length;
    this.sleepUntil(word.consumerSleeps, 1, () => this.#isReady(), timeoutMs);
    return this.tryPopFrameInto(out);
  }

  /**
   * Resolves to true when there is something to pop or the {@link ended end} is reached, to false when `timeoutMs` has
   * passed. Waiting does not keep the process alive.
   *
   * Errors: RingError EBUSY while another wait runs, ENOTSUP without `Atomics.waitAsync`.
   */
  async whenReadable(timeoutMs: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    return this.sleepAsyncUntil(word.consumerSleeps, 1, () => this.#isReady(), timeoutMs);
  }

  /** Says that nothing more will be popped: pushes are refused from now on, and a sleeping producer wakes. */
  abandon(): void {
    this.end(word.producerSleeps);
  }

  #isReady(): boolean {
    return this.#available(1) > 0 || this.hasEnded(producerBit);
  }

  /** Looks at the tail again only when `wanted` bytes are not known to be there. */
  #available(wanted: number): number {
    const ready = (this.#tailSeen - this.#head) | 0;
    if (ready >= wanted) return ready;
    const tail = Atomics.load(this.words, word.tail); // pairs with the store in SpscProducer.#publish
    const readyNow = (tail - this.#head) | 0;
    if (readyNow < 0 || readyNow > this.capacity) throw corrupt('pop', `${readyNow >>> 0} bytes in the ring`);
    this.#tailSeen = tail;
    return readyNow;
  }

  #takeFrame(out: Uint8Array, length: number): void {
    this.copyOut(this.#head + frameUnit, out, length);
    this.#publish(framedSize(length));
  }

  #publish(count: number): void {
    this.#head = (this.#head + count) | 0;
    Atomics.store(this.words, word.head, this.#head); // after the copy; pairs with the load in SpscProducer.#room
    const wanted = Atomics.load(this.words, word.producerSleeps);
    if (wanted === 0) return;
    // The producer sleeps or is about to look: its tail stands still, or it will see our head.
    const room = this.capacity - ((Atomics.load(this.words, word.tail) - this.#head) | 0);
    if (room >= wanted) this.wake(word.producerSleeps);
  }
}
