import { VerificationError } from './samples.ts';

const sourceBytes = 16 * 1024;

/**
 * The content of a file of equal blocks, as a function of a seed: a few blocks of noise, the first 8 bytes of each
 * block a stamp of its own, so that a block gives away a wrong place, a wrong trial and every wrong byte.
 */
export class Pattern {
  readonly #block: number;
  readonly #seed: number;
  readonly #slots: Buffer[] = [];
  readonly #stamps: Int32Array[] = [];

  /** @param block Size in bytes, a multiple of 8. */
  constructor(seed: number, block: number) {
    if (block % 8 !== 0 || block <= 0) throw new RangeError('a block is a multiple of 8 bytes');
    this.#seed = seed | 0;
    this.#block = block;
    const slotCount = Math.max(1, Math.floor(sourceBytes / block));
    const source = new ArrayBuffer(slotCount * block);
    fillWithNoise(new Int32Array(source), this.#seed);
    for (let slot = 0; slot < slotCount; slot += 1) {
      this.#slots.push(Buffer.from(source, slot * block, block));
      this.#stamps.push(new Int32Array(source, slot * block, 2));
    }
  }

  /** Block `index`; valid until the next call. */
  block(index: number): Buffer {
    const slot = index % this.#slots.length;
    const stamp = this.#stamps[slot] as Int32Array;
    stamp[0] = this.#seed ^ Math.imul(index, 0x9e3779b1);
    stamp[1] = index;
    return this.#slots[slot] as Buffer;
  }

  /** All of a file. */
  file(bytes: number): Buffer {
    const file = Buffer.allocUnsafeSlow(bytes);
    for (let at = 0; at < bytes; at += this.#block) this.block(at / this.#block).copy(file, at);
    return file;
  }

  /** Compares every byte of a whole file. Errors: VerificationError, which names the first wrong block. */
  requireEqual(found: Uint8Array, bytes: number): void {
    if (found.byteLength !== bytes) throw new VerificationError(`${found.byteLength} bytes instead of ${bytes}`);
    for (let at = 0; at < bytes; at += this.#block) {
      const right = this.block(at / this.#block);
      if (right.compare(found, at, at + this.#block) === 0) continue;
      throw new VerificationError(`wrong bytes in the block at offset ${at}`);
    }
  }
}

/** xorshift32 (Marsaglia 2003). */
function fillWithNoise(words: Int32Array, seed: number): void {
  let state = seed ^ 0x6d2b79f5 || 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
}
