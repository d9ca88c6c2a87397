import type { BufferingOptions } from '@libconveyor/conveyor';
import type { Capabilities } from '@libconveyor/storage';

/** What the engine begins with; a bound below that has to lower it. */
const readCapacityInitial = 128 * 1024;
const writeCapacityInitial = 64 * 1024;

/** What `--read-capacity` and `--write-capacity` may be, in bytes. */
export const capacityMin: number = 4 * 1024;
export const capacityMax: number = 128 * 1024 ** 2;

/** A storage that asks for operations of this size is far away: many bytes have to be on their way at once. */
const distantBytes = 1024 ** 2;
const distantReadCapacity = 16 * 1024 ** 2;
const distantIo = 2 * 1024 ** 2;

/**
 * Options of a handle that reads a file from its begin to its end.
 *
 * @param capacity Bound on what it reads ahead, bytes; undefined: the engine's own, more for a storage far away.
 */
export function readingOptions(capacity: number | undefined, { io }: Capabilities): BufferingOptions {
  if (io.preferredBytes > distantBytes) {
    const bytes = capacity ?? distantReadCapacity;
    const readDepth = Math.min(16, io.parallel);
    return { readCapacityMax: bytes, readCapacityInitial: bytes, maxIo: distantIo, readDepth };
  }
  if (capacity === undefined) return {};
  return { readCapacityMax: capacity, readCapacityInitial: Math.min(capacity, readCapacityInitial) };
}

/** Options of a handle that only writes. @param capacity Bound on its ring, bytes; undefined: as above. */
export function writingOptions(capacity: number | undefined): BufferingOptions {
  if (capacity === undefined) return { readCapacityMax: 'off' };
  const writeCapacityMax = capacity;
  return { readCapacityMax: 'off', writeCapacityMax, writeCapacityInitial: Math.min(capacity, writeCapacityInitial) };
}
