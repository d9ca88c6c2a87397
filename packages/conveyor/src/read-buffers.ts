/** Smaller buffers are cheap to make. */
const lengthMin = 64 * 1024;
/** What is kept of all lengths together. */
const bytesKeptMax = 32 * 1024 ** 2;

/**
 * Buffers for reads of storages in JavaScript, used again as long as there are reads: fresh memory of this size costs
 * a page fault every 4 KiB, and a collector frees it too late. When no read is under way nothing is kept.
 *
 * Threads: one JavaScript thread.
 */
export class ReadBuffers {
  readonly #kept = new Map<number, Buffer[]>();
  #bytesKept = 0;
  #taken = 0;

  get bytesKept(): number {
    return this.#bytesKept;
  }

  /** Memory of at least this length, its content whatever it was. Requires: `giveBack` or `lose` follows. */
  take(length: number): Buffer {
    this.#taken++;
    const capacity = capacityFor(length);
    const found = this.#kept.get(capacity)?.pop();
    if (found === undefined) return Buffer.allocUnsafeSlow(capacity);
    this.#bytesKept -= capacity;
    return found;
  }

  /** Requires: `take` gave it, and nobody uses it any more. */
  giveBack(buffer: Buffer): void {
    const capacity = buffer.byteLength;
    // What is asked for changes with time: what nobody asks for any more must not keep the rest out.
    if (this.#bytesKept + capacity > bytesKeptMax) this.#clear();
    if (capacity >= lengthMin && capacity <= bytesKeptMax) {
      this.#bytesKept += capacity;
      const same = this.#kept.get(capacity);
      if (same === undefined) this.#kept.set(capacity, [buffer]);
      else same.push(buffer);
    }
    this.lose();
  }

  /** One that was taken is left to the collector, because somebody may still use it. */
  lose(): void {
    this.#taken--;
    if (this.#taken === 0) this.#clear();
  }

  #clear(): void {
    this.#kept.clear();
    this.#bytesKept = 0;
  }
}

/** Powers of two, so that lengths which differ a little share buffers. */
function capacityFor(length: number): number {
  return length < lengthMin ? length : 2 ** Math.ceil(Math.log2(length));
}
