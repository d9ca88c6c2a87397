import { createHash, type Hash } from 'node:crypto';
import { formatChecksum, parseChecksum } from '@libconveyor/irods-protocol';
import { Refusal } from './error-map.ts';

const hashes = { sha2: 'sha256', md5: 'md5' } as const;

/** The checksum of bytes that are written in order, to be compared with the one that the server makes of them. */
export class SentHash {
  readonly #scheme: 'sha2' | 'md5';
  readonly #hash: Hash;
  #end = 0;
  #isGapless = true;

  constructor(scheme: 'sha2' | 'md5') {
    this.#scheme = scheme;
    this.#hash = createHash(hashes[scheme]);
  }

  /** Takes what is written next; anything else than the next bytes ends it. */
  add(bytes: Uint8Array, offset: number): void {
    if (offset !== this.#end) this.#isGapless = false;
    if (!this.#isGapless) return;
    this.#hash.update(bytes);
    this.#end += bytes.byteLength;
  }

  /** What was written is not what is there. */
  giveUp(): void {
    this.#isGapless = false;
  }

  /** Whether all bytes of a file of that size were seen. */
  covers(size: number): boolean {
    return this.#isGapless && this.#end === size;
  }

  /**
   * Compares.
   *
   * @param found The server's checksum, as the catalog has it. One of another kind cannot be compared.
   * Errors: ERR_CONVEYOR_CHECKSUM; EINVAL for another kind.
   */
  require(found: string): void {
    const algorithm = parseChecksum(found)?.algorithm;
    if (algorithm !== this.#scheme) {
      throw new Refusal(
        'EINVAL',
        `the server's checksum is '${found}', and not of the kind '${this.#scheme}': set hashScheme`,
      );
    }
    const expected = formatChecksum({ algorithm, digest: this.#hash.copy().digest() });
    if (found === expected) return;
    throw new Refusal('ERR_CONVEYOR_CHECKSUM', `the server has ${found} of bytes that were sent as ${expected}`);
  }
}
