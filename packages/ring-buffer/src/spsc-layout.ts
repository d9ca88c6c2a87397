/**
 * How a single-producer single-consumer ring lies in memory: one region, a header of 256 bytes, then the data. The C++
 * twin (`conveyor/ring/spsc_layout.hpp`) uses the same offsets, and a recorded trace compares whole regions of both
 * byte by byte. All words are 32 bits, little-endian. Positions count bytes since the start, modulo 2^32; a byte at
 * position p lies at data[p mod capacity], and tail - head (modulo 2^32) is what the ring holds, 0 to capacity.
 */

/**
 * What a ring carries: a stream without borders, or messages. A message lies as its length (one word), a word of zero,
 * its bytes, and padding to a multiple of 8: JavaScript copies shared bytes much faster where both sides are aligned
 * to 8.
 */
export type SpscMode = 'bytes' | 'frames';

/** The numbers of the modes in the header. */
export const modeNumbers: { readonly [mode in SpscMode]: number } = { bytes: 1, frames: 2 };

/** "CVSR" in memory. */
export const spscMagic = 0x52535643;
export const spscVersion = 1;
export const spscCapacityMin = 64;
export const spscCapacityMax: number = 2 ** 30;
/** Bytes before the data. */
export const spscHeaderSize = 256;
/** A region starts at a multiple of this. */
export const spscAlignment = 64;
/** Bytes in front of a frame's content, and what frames are padded to. */
export const frameUnit = 8;

/** The header's words, as indexes of an Int32Array over the region. */
export const word = {
  /** Byte 0; constant after format, as the next three. */
  magic: 0,
  version: 1,
  /** Bytes of data, a power of two. */
  capacity: 2,
  mode: 3,
  /** Byte 16: {@link producerBit}, {@link consumerBit}: who is attached. */
  claims: 4,
  /** Byte 20: {@link producerBit}: closed; {@link consumerBit}: abandoned. */
  ended: 5,
  /** Byte 64, a cache line of its own; the consumer's position. */
  head: 16,
  /** Byte 128, a cache line of its own; the producer's position. */
  tail: 32,
  /** Byte 192. 0 = awake, else how many bytes are waited for; the word that is waited on. */
  consumerSleeps: 48,
  /** Byte 196. 0 = awake, else how many bytes of room are waited for; the word that is waited on. */
  producerSleeps: 49,
} as const;

export const producerBit = 1;
export const consumerBit = 2;

/** Bytes that a frame takes in the ring. */
export function framedSize(length: number): number {
  return frameUnit + Math.ceil(length / frameUnit) * frameUnit;
}
