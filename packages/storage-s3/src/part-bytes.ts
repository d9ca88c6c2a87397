import type { PartMemory } from './part-memory.ts';
import type { BodySource } from './protocol/connections.ts';
import { crc32 } from './protocol/crc32.ts';
import type { Spool } from './spool.ts';

/** The bytes of one part while they are on this side. Offsets count from the begin of the part. */
export interface PartBytes {
  write(bytes: Uint8Array, offset: number): Promise<void>;
  read(target: Uint8Array, offset: number): Promise<void>;
  /** The first `length` bytes, to be sent; they must not change before they are. */
  body(length: number): Uint8Array | BodySource;
  crc32(length: number): Promise<number>;
  /** Gives memory or disk back. */
  release(): Promise<void>;
}

/** Smaller files should not cost the memory of a part. */
const growingBytesMin = 64 * 1024;
const growingBytesMax = 1024 ** 2;

/** Bytes in memory. It grows as it is filled, up to the length of the part. */
export class MemoryBytes implements PartBytes {
  readonly #memory: PartMemory;
  readonly #lengthMax: number;
  #bytes: Uint8Array;

  constructor(memory: PartMemory, lengthMax: number) {
    this.#memory = memory;
    this.#lengthMax = lengthMax;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(growingBytesMin, lengthMax));
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#reserve(offset + bytes.byteLength);
    this.#bytes.set(bytes, offset);
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    target.set(this.#bytes.subarray(offset, offset + target.byteLength));
  }

  body(length: number): Uint8Array {
    return this.#bytes.subarray(0, length);
  }

  async crc32(length: number): Promise<number> {
    return crc32(this.body(length));
  }

  async release(): Promise<void> {
    if (this.#bytes.byteLength === this.#lengthMax) this.#memory.release(this.#bytes);
    this.#bytes = new Uint8Array(0);
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.byteLength) return;
    const doubled = Math.max(end, this.#bytes.byteLength * 2);
    const isLarge = doubled > growingBytesMax || doubled >= this.#lengthMax;
    const larger = isLarge ? this.#memory.block(this.#lengthMax) : Buffer.allocUnsafeSlow(doubled);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Bytes of a part that memory should not hold. */
export class SpooledBytes implements PartBytes {
  readonly #spool: Spool;
  readonly #offset: number;
  readonly #isOwn: boolean;

  /** @param offset Where the part lies in a spool for the whole file; undefined: the spool is the part's own. */
  constructor(spool: Spool, offset: number | undefined) {
    this.#spool = spool;
    this.#offset = offset ?? 0;
    this.#isOwn = offset === undefined;
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#spool.write(bytes, this.#offset + offset);
  }

  read(target: Uint8Array, offset: number): Promise<void> {
    return this.#spool.read(target, this.#offset + offset);
  }

  body(length: number): BodySource {
    return { length, pieces: () => this.#spool.pieces(this.#offset, length) };
  }

  async crc32(length: number): Promise<number> {
    let crc = 0;
    for await (const piece of this.#spool.pieces(this.#offset, length)) crc = crc32(piece, crc);
    return crc;
  }

  async release(): Promise<void> {
    if (this.#isOwn) await this.#spool.close();
  }
}
