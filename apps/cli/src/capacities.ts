import type { BufferingOptions } from '@libconveyor/conveyor';

/** What the engine begins with; a bound below that has to lower it. */
const readCapacityInitial = 128 * 1024;
const writeCapacityInitial = 64 * 1024;

/** What `--read-capacity` and `--write-capacity` may be, in bytes. */
export const capacityMin: number = 4 * 1024;
export const capacityMax: number = 128 * 1024 ** 2;

/** Options of a handle that reads. @param capacity Bound on what it reads ahead, bytes; undefined: the engine's own. */
export function readingOptions(capacity: number | undefined): BufferingOptions {
  if (capacity === undefined) return {};
  return { readCapacityMax: capacity, readCapacityInitial: Math.min(capacity, readCapacityInitial) };
}

/** Options of a handle that only writes. @param capacity Bound on its ring, bytes; undefined: as above. */
export function writingOptions(capacity: number | undefined): BufferingOptions {
  if (capacity === undefined) return { readCapacityMax: 'off' };
  const writeCapacityMax = capacity;
  return { readCapacityMax: 'off', writeCapacityMax, writeCapacityInitial: Math.min(capacity, writeCapacityInitial) };
}
