import { createHash, type Hash } from 'node:crypto';
import { formatChecksum, parseChecksum } from '@libconveyor/irods-protocol';
import { Refusal } from './error-map.ts';

const hashes = { sha2: 'sha256', sha512: 'sha512', sha1: 'sha1', md5: 'md5' } as const;

/** Compares the catalog's checksum with all bytes of an object, where they are read in order, from first to last. */
export class SequenceCheck {
  readonly #expected: string;
  readonly #algorithm: keyof typeof hashes;
  readonly #hash: Hash;
  readonly #size: number;
  #end = 0;
  #tail: Promise<void> = Promise.resolve();
  #isActive = true;

  private constructor(expected: string, algorithm: keyof typeof hashes, size: number) {
    this.#expected = expected;
    this.#algorithm = algorithm;
    this.#hash = createHash(hashes[algorithm]);
    this.#size = size;
  }

  /** Undefined where the catalog has no checksum, or one that cannot be computed here. */
  static of(checksum: string, size: number): SequenceCheck | undefined {
    const algorithm = parseChecksum(checksum)?.algorithm;
    if (algorithm === undefined || algorithm === 'adler32') return undefined;
    return new SequenceCheck(checksum, algorithm, size);
  }

  /**
   * Takes part in a read. Bytes are looked at in the order of the file: a read that was begun behind another one
   * resolves behind it.
   *
   * Errors: those of `read`; ERR_CONVEYOR_CHECKSUM at the last byte.
   */
  async through(buffer: Uint8Array, offset: number, read: () => Promise<number>): Promise<number> {
    const length = Math.min(buffer.byteLength, this.#size - offset);
    const isNext = this.#isActive && length > 0 && offset === this.#end;
    // Reading again what was looked at changes nothing; a gap ends it.
    if (!isNext && offset + length > this.#end) this.#isActive = false;
    if (!isNext) return read();
    this.#end += length;
    const before = this.#tail;
    const work = read();
    this.#tail = Promise.all([work, before]).then(
      ([count]) => {
        if (count === length && this.#isActive) this.#hash.update(buffer.subarray(0, count));
        else this.#isActive = false;
      },
      () => {
        this.#isActive = false;
      },
    );
    const tail = this.#tail;
    const count = await work;
    await tail;
    if (this.#isActive && offset + length === this.#size) this.#conclude();
    return count;
  }

  #conclude(): void {
    this.#isActive = false;
    const found = formatChecksum({ algorithm: this.#algorithm, digest: this.#hash.digest() });
    if (found === this.#expected) return;
    throw new Refusal('ERR_CONVEYOR_CHECKSUM', `the bytes read are ${found}, the catalog has ${this.#expected}`);
  }
}
