import { nullText } from './native-writer.ts';
import type { PackReader } from './pack-stream.ts';
import { PackingError } from './packing-error.ts';
import { requireFits, requireSafe } from './text-rules.ts';

const nullBytes = Buffer.from(nullText, 'latin1');

/** Reads native packing. Without tags, elements are told apart by their order alone. */
export class NativeReader implements PackReader {
  readonly #bytes: Buffer;
  #at = 0;

  /** Texts that are not UTF-8 get U+FFFD in them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  beginStructure(): void {}

  endStructure(): void {}

  integer(tag: string): number {
    return this.#take(tag, 4).readInt32BE();
  }

  long(tag: string): number {
    const value = Number(this.#take(tag, 8).readBigInt64BE());
    requireSafe(tag, value);
    return value;
  }

  text(tag: string, dimension: number | undefined): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new PackingError(`${tag} does not end`);
    const value = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    requireFits(tag, value, dimension);
    return value;
  }

  bytes(tag: string, length: number): Buffer {
    return Buffer.from(this.#take(tag, length));
  }

  isPresent(): boolean {
    const end = this.#at + nullBytes.length;
    if (end > this.#bytes.length || this.#bytes.compare(nullBytes, 0, nullBytes.length, this.#at, end) !== 0)
      return true;
    this.#at = end;
    return false;
  }

  omittableInteger(tag: string): number {
    return this.integer(tag);
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw new PackingError(`${this.#bytes.length - this.#at} bytes are left over`);
  }

  #take(tag: string, length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new PackingError(`${tag} is not whole`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
