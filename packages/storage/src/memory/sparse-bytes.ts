import { MemoryFailure } from './error-map.ts';

const pageBytes = 64 * 1024;

/** How many bytes of memory all files of a storage may take together. */
export class MemoryQuota {
  readonly #bytesMax: number;
  #bytesUsed = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytesUsed(): number {
    return this.#bytesUsed;
  }

  /** Errors: ENOSPC, and nothing is taken. */
  take(bytes: number): void {
    if (this.#bytesUsed + bytes > this.#bytesMax) {
      throw new MemoryFailure('ENOSPC', `${this.#bytesUsed} of ${this.#bytesMax} bytes are used`);
    }
    this.#bytesUsed += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytesUsed -= bytes;
  }
}

/**
 * The bytes of one file in pages; a page that was never written takes no memory and reads as zeros.
 *
 * Invariant: bytes of a page at and behind `size` are zero.
 */
export class SparseBytes {
  readonly #quota: MemoryQuota;
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  constructor(quota: MemoryQuota) {
    this.#quota = quota;
  }

  get size(): number {
    return this.#size;
  }

  /** Fills `out` from `offset` on; returns how many bytes there were. */
  read(out: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(out.byteLength, this.#size - offset));
    for (let done = 0; done < count; ) {
      const begin = (offset + done) % pageBytes;
      const length = Math.min(pageBytes - begin, count - done);
      const page = this.#pages.get(Math.floor((offset + done) / pageBytes));
      if (page === undefined) out.fill(0, done, done + length);
      else out.set(page.subarray(begin, begin + length), done);
      done += length;
    }
    return count;
  }

  /** Writes all of `data`, which is not empty. Errors: ENOSPC, and nothing is written. */
  write(data: Uint8Array, offset: number): void {
    this.#makePages(offset, offset + data.byteLength);
    for (let done = 0; done < data.byteLength; ) {
      const begin = (offset + done) % pageBytes;
      const length = Math.min(pageBytes - begin, data.byteLength - done);
      const page = this.#pages.get(Math.floor((offset + done) / pageBytes));
      page?.set(data.subarray(done, done + length), begin);
      done += length;
    }
    this.#size = Math.max(this.#size, offset + data.byteLength);
  }

  /** Cuts, or extends with zeros that take no memory. */
  truncate(size: number): void {
    const firstFree = Math.ceil(size / pageBytes);
    for (const index of size < this.#size ? [...this.#pages.keys()] : []) {
      if (index >= firstFree) this.#freePage(index);
    }
    this.#pages.get(Math.floor(size / pageBytes))?.fill(0, size % pageBytes);
    this.#size = size;
  }

  /** A copy that shares nothing. Errors: ENOSPC. */
  copy(): SparseBytes {
    const copy = new SparseBytes(this.#quota);
    this.#quota.take(this.#pages.size * pageBytes);
    for (const [index, page] of this.#pages) copy.#pages.set(index, page.slice());
    copy.#size = this.#size;
    return copy;
  }

  #makePages(offset: number, end: number): void {
    const missing: number[] = [];
    for (let index = Math.floor(offset / pageBytes); index * pageBytes < end; index++) {
      if (!this.#pages.has(index)) missing.push(index);
    }
    this.#quota.take(missing.length * pageBytes);
    for (const index of missing) this.#pages.set(index, new Uint8Array(pageBytes));
  }

  #freePage(index: number): void {
    this.#pages.delete(index);
    this.#quota.giveBack(pageBytes);
  }
}
