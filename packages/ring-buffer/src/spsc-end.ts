import { requireTimeout, typeError } from './arguments.ts';
import { RingError } from './ring-error.ts';
import { modeNumbers, type SpscMode, spscHeaderSize, word } from './spsc-layout.ts';

/** Up to this many bytes a loop beats the calls of TypedArray methods. */
const loopLengthMax = 24;

/** `Atomics.waitAsync` (ECMAScript 2024), which the type library of ES2023 does not know. */
interface WaitAsync {
  waitAsync?(
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs: number,
  ): { async: false } | { async: true; value: Promise<string> };
}

/** What both ends of a ring share: the region, and the way to sleep and to wake. Not exported by the package. */
export abstract class SpscEnd {
  protected readonly words: Int32Array;
  protected readonly data: Uint8Array;
  /** The data as words; frames keep every position a multiple of 8. */
  protected readonly dataWords: Int32Array;
  protected readonly mask: number;
  /** Bytes that the ring can hold. */
  readonly capacity: number;
  readonly mode: SpscMode;
  readonly #bit: number;
  #detached = false;
  #waiting = false;

  /** Requires: a formatted region, claimed for this end. */
  protected constructor(memory: SharedArrayBuffer, byteOffset: number, bit: number) {
    this.words = new Int32Array(memory, byteOffset, spscHeaderSize / 4);
    this.capacity = this.words[word.capacity] as number;
    this.mode = this.words[word.mode] === modeNumbers.bytes ? 'bytes' : 'frames';
    this.data = new Uint8Array(memory, byteOffset + spscHeaderSize, this.capacity);
    this.dataWords = new Int32Array(memory, byteOffset + spscHeaderSize, this.capacity / 4);
    this.mask = this.capacity - 1;
    this.#bit = bit;
  }

  /**
   * Gives this end up, without closing or abandoning the ring: another thread may claim it. The second time does
   * nothing.
   */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    Atomics.and(this.words, word.claims, ~this.#bit);
  }

  protected requireUsable(operation: string, mode: SpscMode): void {
    if (this.#detached) throw new RingError('EBADF', operation, 'this end of the ring was detached');
    if (this.mode !== mode) throw typeError('the ring', `one of ${mode} for ${operation}`, this.mode);
  }

  protected hasEnded(bits: number): boolean {
    return (Atomics.load(this.words, word.ended) & bits) !== 0;
  }

  /**
   * Marks the ring as ended by this side, then wakes the other: in this order, since a sleeper looks after it
   * announced.
   */
  protected end(sleeper: number): void {
    Atomics.or(this.words, word.ended, this.#bit);
    this.wake(sleeper);
  }

  protected wake(sleeper: number): void {
    if (Atomics.exchange(this.words, sleeper, 0) !== 0) Atomics.notify(this.words, sleeper, 1);
  }

  /**
   * Blocks until ready() holds, false when time ran out. The announcement comes before the look, and the other side
   * stores its position before it looks for a sleeper: one of the two sees the other, so no wake-up is lost.
   */
  protected sleepUntil(sleeper: number, wanted: number, ready: () => boolean, timeoutMs: number): boolean {
    requireTimeout(timeoutMs);
    const end = performance.now() + timeoutMs;
    for (;;) {
      Atomics.store(this.words, sleeper, wanted);
      const isReady = ready();
      const leftMs = isReady ? 0 : end - performance.now();
      if (isReady || leftMs <= 0) {
        Atomics.store(this.words, sleeper, 0);
        return isReady;
      }
      Atomics.wait(this.words, sleeper, wanted, leftMs);
    }
  }

  /** As {@link sleepUntil}, without blocking the thread. */
  protected async sleepAsyncUntil(
    sleeper: number,
    wanted: number,
    ready: () => boolean,
    timeoutMs: number,
  ): Promise<boolean> {
    requireTimeout(timeoutMs);
    const atomics = Atomics as WaitAsync;
    if (atomics.waitAsync === undefined)
      throw new RingError('ENOTSUP', 'wait', 'this runtime has no Atomics.waitAsync');
    if (this.#waiting) throw new RingError('EBUSY', 'wait', 'this end of the ring waits already');
    this.#waiting = true;
    const end = performance.now() + timeoutMs;
    try {
      for (;;) {
        Atomics.store(this.words, sleeper, wanted);
        const leftMs = end - performance.now();
        if (ready()) return true;
        if (leftMs <= 0) return false;
        const outcome = atomics.waitAsync(this.words, sleeper, wanted, leftMs);
        if (outcome.async) await outcome.value;
      }
    } finally {
      Atomics.store(this.words, sleeper, 0);
      this.#waiting = false;
    }
  }

  /** Copies `length` bytes of `source` from `offset` on to a position. */
  protected copyIn(position: number, source: Uint8Array, offset: number, length: number): void {
    const { data, mask } = this;
    const index = position & mask;
    if (length <= loopLengthMax) {
      for (let i = 0; i < length; i++) data[(index + i) & mask] = source[offset + i] as number;
      return;
    }
    const beforeWrap = Math.min(length, this.capacity - index);
    const whole = offset === 0 && beforeWrap === source.length;
    data.set(whole ? source : source.subarray(offset, offset + beforeWrap), index);
    if (beforeWrap < length) data.set(source.subarray(offset + beforeWrap, offset + length), 0);
  }

  /** Copies `length` bytes from a position on to the front of `target`. */
  protected copyOut(position: number, target: Uint8Array, length: number): void {
    const { data, mask } = this;
    const index = position & mask;
    if (length <= loopLengthMax) {
      for (let i = 0; i < length; i++) target[i] = data[(index + i) & mask] as number;
      return;
    }
    const beforeWrap = Math.min(length, this.capacity - index);
    target.set(data.subarray(index, index + beforeWrap));
    if (beforeWrap < length) target.set(data.subarray(0, length - beforeWrap), beforeWrap);
  }
}
