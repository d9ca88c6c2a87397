import { rangeError, requireBytes, requireInteger } from './arguments.ts';
import { corrupt, RingError } from './ring-error.ts';
import { SpscEnd } from './spsc-end.ts';
import { consumerBit, framedSize, frameUnit, producerBit, type SpscMode, word } from './spsc-layout.ts';

/**
 * The pushing end of a ring. Made by `SpscRing.producer`.
 *
 * Errors of every push: RingError EPIPE after {@link close} or after the consumer abandoned the ring, EBADF after
 * {@link detach}, ERR_CONVEYOR_FORMAT when the region holds what no consumer writes; TypeError for anything but a
 * Uint8Array, and for bytes into a ring of frames or the other way round.
 * Threads: the one that claimed it.
 */
export class SpscProducer extends SpscEnd {
  /** Ours; the header has a copy. A signed 32-bit number, as the next one: differences come out right by `| 0`. */
  #tail: number;
  /** The consumer's, when we last had to look. */
  #headSeen: number;

  /** Use `SpscRing.producer`. */
  constructor(memory: SharedArrayBuffer, byteOffset: number) {
    super(memory, byteOffset, producerBit);
    this.#tail = Atomics.load(this.words, word.tail);
    this.#headSeen = (this.#tail - this.capacity) | 0; // as if full, so that the first look is one that checks
  }

  /** True once the consumer has said that it will not pop any more. */
  get abandoned(): boolean {
    return this.hasEnded(consumerBit);
  }

  /** True once {@link close} was called, by this or by an earlier producer. */
  get closed(): boolean {
    return this.hasEnded(producerBit);
  }

  /** Bytes that can be pushed now; the consumer can only make it more. */
  room(): number {
    return this.#room(this.capacity);
  }

  /** Pushes as many bytes of `data` as there is room for. Returns their count: 0 when the ring is full. Wait-free. */
  tryPush(data: Uint8Array): number {
    this.#requirePushable('push', 'bytes');
    requireBytes('data', data);
    return this.#pushPart(data, 0);
  }

  /**
   * Pushes one frame, whole or not at all. An empty frame is a frame. Returns false when there is no room now.
   * Wait-free.
   *
   * Errors: RangeError when it has more than capacity - 8 bytes and can never fit; nothing is cut.
   */
  tryPushFrame(frame: Uint8Array): boolean {
    this.#requirePushable('pushFrame', 'frames');
    requireBytes('frame', frame);
    const { length } = frame;
    if (length > this.capacity - frameUnit) {
      throw rangeError('frame.length', `at most ${this.capacity - frameUnit} for this ring`, length);
    }
    const needed = framedSize(length);
    if (this.#room(needed) < needed) return false;
    const index = (this.#tail & this.mask) >> 2;
    this.dataWords[index] = length;
    this.dataWords[index + 1] = 0;
    this.copyIn(this.#tail + frameUnit, frame, 0, length);
    this.#publish(needed);
    return true;
  }

  /**
   * Pushes all of `data`, blocking the thread while there is no room; data larger than the ring flows through. Returns
   * the count of bytes pushed, less than all only when `timeoutMs` has passed.
   */
  push(data: Uint8Array, timeoutMs: number = Number.POSITIVE_INFINITY): number {
    const end = performance.now() + timeoutMs;
    let pushed = this.tryPush(data);
    while (pushed < data.length) {
      // Half a ring at least: a wake-up for each popped byte would cost more than the bytes.
      const wanted = Math.min(data.length - pushed, this.capacity / 2);
      const leftMs = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Math.max(end - performance.now(), 0);
      const inTime = this.sleepUntil(word.producerSleeps, wanted, () => this.#isReady(wanted), leftMs);
      this.#requirePushable('push', 'bytes');
      pushed += this.#pushPart(data, pushed);
      if (!inTime) break;
    }
    return pushed;
  }

  /** Pushes one frame, blocking the thread while there is no room. Returns false when `timeoutMs` has passed. */
  pushFrame(frame: Uint8Array, timeoutMs: number = Number.POSITIVE_INFINITY): boolean {
    if (this.tryPushFrame(frame)) return true;
    const wanted = framedSize(frame.length);
    this.sleepUntil(word.producerSleeps, wanted, () => this.#isReady(wanted), timeoutMs);
    return this.tryPushFrame(frame);
  }

  /**
   * Resolves to true when `bytes` can be pushed (see `SpscRing.framedSize` for frames) or the
   * consumer has abandoned the ring, to false when `timeoutMs` has passed. Waiting does not keep the process alive.
   *
   * Errors: RangeError for more than the capacity; RingError EBUSY while another wait runs, ENOTSUP without
   * `Atomics.waitAsync`.
   */
  async whenRoom(bytes: number, timeoutMs: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    requireInteger('bytes', bytes, 1, this.capacity);
    return this.sleepAsyncUntil(word.producerSleeps, bytes, () => this.#isReady(bytes), timeoutMs);
  }

  /** Says that nothing more will come: the consumer gets what is there, then the end. Closing again does nothing. */
  close(): void {
    this.end(word.consumerSleeps);
  }

  #requirePushable(operation: string, mode: SpscMode): void {
    this.requireUsable(operation, mode);
    if (!this.hasEnded(producerBit | consumerBit)) return;
    throw new RingError('EPIPE', operation, this.closed ? 'the ring is closed' : 'the consumer has abandoned the ring');
  }

  #pushPart(data: Uint8Array, offset: number): number {
    const wanted = data.length - offset;
    const count = Math.min(wanted, this.#room(wanted));
    if (count === 0) return 0;
    this.copyIn(this.#tail, data, offset, count);
    this.#publish(count);
    return count;
  }

  #isReady(wanted: number): boolean {
    return this.#room(wanted) >= wanted || this.hasEnded(consumerBit);
  }

  /** Looks at the head again only when `wanted` bytes are not known to be free. */
  #room(wanted: number): number {
    const roomSeen = this.capacity - ((this.#tail - this.#headSeen) | 0);
    if (roomSeen >= wanted) return roomSeen;
    const head = Atomics.load(this.words, word.head); // pairs with the store in SpscConsumer.#publish
    const used = (this.#tail - head) | 0;
    if (used < 0 || used > this.capacity) throw corrupt('push', `${used >>> 0} bytes in the ring`);
    this.#headSeen = head;
    return this.capacity - used;
  }

  #publish(count: number): void {
    this.#tail = (this.#tail + count) | 0;
    Atomics.store(this.words, word.tail, this.#tail); // after the bytes; pairs with the load in SpscConsumer.#available
    if (Atomics.load(this.words, word.consumerSleeps) !== 0) this.wake(word.consumerSleeps);
  }
}
