import { argumentTypeError, requireInteger } from '@libconveyor/errors';

const mask64 = (1n << 64n) - 1n;

/**
 * Seeded pseudo-random numbers: xoshiro256** (Blackman, Vigna 2018), its state filled by splitmix64 (Steele, Lea, Flood
 * 2014). The same seed gives the same sequence, for every method, as `conveyor::testkit::Prng` in C++
 * (`conveyor/testkit/prng.hpp`); `traces/prng.txt` is replayed by both. Not for secrets.
 */
export class Prng {
  /** Four 64-bit words, each as low and high half. */
  readonly #state = new Uint32Array(8);
  #low = 0;
  #high = 0;

  /**
   * @param seed Any 64-bit number, as a bigint or as a safe integer from 0.
   *   Errors: TypeError, RangeError (ERR_CONVEYOR_ARG_*).
   */
  constructor(seed: bigint | number) {
    if (typeof seed !== 'bigint' && typeof seed !== 'number')
      throw argumentTypeError('seed', 'a number or a bigint', seed);
    if (typeof seed === 'number') requireInteger('seed', seed, 0);
    let counter = BigInt(seed) & mask64;
    for (let index = 0; index < 4; index++) {
      counter = (counter + 0x9e3779b97f4a7c15n) & mask64;
      let z = counter;
      z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
      z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64;
      z ^= z >> 31n;
      this.#state[index * 2] = Number(z & 0xffffffffn);
      this.#state[index * 2 + 1] = Number(z >> 32n);
    }
  }

  /** The next 64 bits. */
  nextU64(): bigint {
    this.#step();
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** The upper half of the next 64 bits. */
  nextU32(): number {
    this.#step();
    return this.#high;
  }

  /**
   * A number in [0, bound), without bias. A bound of 0 or 1 gives 0 and draws nothing.
   *
   * @param bound An integer from 0 to 2^53 - 1. Errors: TypeError, RangeError.
   */
  below(bound: number): number {
    requireInteger('bound', bound, 0);
    if (bound <= 1) return 0;
    const bits = bitWidth(bound - 1);
    for (;;) {
      // At most one redraw on average: bound > 2^(bits-1).
      this.#step();
      const value =
        bits <= 32 ? this.#high >>> (32 - bits) : this.#high * 2 ** (bits - 32) + (this.#low >>> (64 - bits));
      if (value < bound) return value;
    }
  }

  /** A number in [begin, end). Errors: RangeError unless begin < end, both safe integers less than 2^53 apart. */
  between(begin: number, end: number): number {
    requireInteger('begin', begin);
    requireInteger('end', end, begin + 1);
    return begin + this.below(end - begin);
  }

  /** True in `numerator` of `denominator` cases. */
  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }

  /** A number in [0, 1) with 53 bits. */
  real(): number {
    this.#step();
    return (this.#high * 2 ** 21 + (this.#low >>> 11)) / 2 ** 53;
  }

  /** Fills `out`: each 64-bit draw gives eight bytes, least significant first; the last draw may be cut. */
  fill(out: Uint8Array): void {
    for (let offset = 0; offset < out.length; offset += 8) {
      this.#step();
      const end = Math.min(offset + 8, out.length);
      for (let at = offset; at < end; at++) {
        const shift = (at - offset) * 8;
        out[at] = shift < 32 ? this.#low >>> shift : this.#high >>> (shift - 32);
      }
    }
  }

  /** `length` new bytes, as {@link fill} makes them. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    requireInteger('length', length, 0);
    const out = new Uint8Array(length);
    this.fill(out);
    return out;
  }

  /** Orders `items` anew, in place (Fisher-Yates, from the end). */
  shuffle(items: unknown[]): void {
    for (let count = items.length; count > 1; count--) {
      const other = this.below(count);
      [items[count - 1], items[other]] = [items[other], items[count - 1]];
    }
  }

  /** One of `items`. Errors: RangeError when there is none. */
  pick<T>(items: readonly T[]): T {
    requireInteger('items.length', items.length, 1);
    return items[this.below(items.length)] as T;
  }

  /** A generator of its own, seeded by the next 64 bits of this one: one for each thread or task. */
  fork(): Prng {
    return new Prng(this.nextU64());
  }

  /** Draws 64 bits into #high and #low. In halves, because bigints would be twenty times slower. */
  #step(): void {
    const s = this.#state as { [index: number]: number };
    const l1 = s[2] as number;
    const h1 = s[3] as number;

    // result = rotl(s1 * 5, 7) * 9
    let low = l1 * 5;
    let high = (h1 * 5 + Math.floor(low / 2 ** 32)) >>> 0;
    low >>>= 0;
    const rotatedLow = ((low << 7) | (high >>> 25)) >>> 0;
    const rotatedHigh = ((high << 7) | (low >>> 25)) >>> 0;
    low = rotatedLow * 9;
    high = (rotatedHigh * 9 + Math.floor(low / 2 ** 32)) >>> 0;
    this.#low = low >>> 0;
    this.#high = high;

    const l2 = (s[4] as number) ^ (s[0] as number);
    const h2 = (s[5] as number) ^ (s[1] as number);
    const l3 = (s[6] as number) ^ l1;
    const h3 = (s[7] as number) ^ h1;
    s[2] = l1 ^ l2;
    s[3] = h1 ^ h2;
    s[0] = (s[0] as number) ^ l3;
    s[1] = (s[1] as number) ^ h3;
    s[4] = l2 ^ (l1 << 17);
    s[5] = h2 ^ ((h1 << 17) | (l1 >>> 15));
    // s3 = rotl(s3, 45): the halves change places, then 13 more
    s[6] = (h3 << 13) | (l3 >>> 19);
    s[7] = (l3 << 13) | (h3 >>> 19);
  }
}

/** How many bits an integer below 2^53 takes. */
function bitWidth(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}
