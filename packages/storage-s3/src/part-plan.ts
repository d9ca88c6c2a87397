/** Where one part lies in the file. */
export interface PartPlace {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

/** How parts grow. */
export interface PartGrowth {
  /** Of the first parts, bytes. */
  readonly firstBytes: number;
  /** After so many parts the length doubles. */
  readonly step: number;
}

/** What S3 takes: parts of one upload, bytes of one object. */
export const partsMax = 10_000;
export const objectBytesMax: number = 5 * 1024 ** 4;

/**
 * Cuts a file of unknown length into parts: always the same cuts, so that a place in the file tells its part. Parts of
 * 8 MiB that double after each thousand reach 5 TiB with the 9,282nd.
 */
export class PartPlan {
  readonly #firstBytes: number;
  readonly #step: number;

  constructor({ firstBytes, step }: PartGrowth) {
    this.#firstBytes = firstBytes;
    this.#step = step;
  }

  /** The part that holds the byte at `offset`. */
  partOf(offset: number): PartPlace {
    let level = 0;
    let levelOffset = 0;
    let length = this.#firstBytes;
    while (offset - levelOffset >= length * this.#step) {
      levelOffset += length * this.#step;
      length *= 2;
      level++;
    }
    const within = Math.floor((offset - levelOffset) / length);
    return { index: level * this.#step + within, offset: levelOffset + within * length, length };
  }

  /** The parts that hold the bytes from `begin` to `end`. */
  *parts(begin: number, end: number): Generator<PartPlace> {
    for (let offset = begin; offset < end; ) {
      const place = this.partOf(offset);
      yield place;
      offset = place.offset + place.length;
    }
  }
}
