import { PackingError, textTooLong, unpackFailed } from './packing-error.ts';

/** Requires a text that arrives as it was sent: no NUL, which ends it, and no half of a surrogate pair. */
export function requireCarriable(tag: string, value: string): void {
  if (value.includes('\0')) throw new PackingError(`${tag} contains a NUL`);
  if (/\p{Surrogate}/u.test(value)) throw new PackingError(`${tag} contains half a surrogate pair`);
}

/** Requires that a text and its NUL fit into a field of `dimension` bytes. */
export function requireFits(tag: string, value: string, dimension: number | undefined): void {
  if (dimension === undefined || value.length * 3 < dimension) return;
  if (Buffer.byteLength(value) < dimension) return;
  throw new PackingError(`${tag} does not fit into ${dimension} bytes`, textTooLong);
}

/** Requires a signed 32-bit integer. */
export function requireInt32(tag: string, value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31) return;
  throw new PackingError(`${tag} must be an integer of 32 bits, got ${value}`, unpackFailed);
}

/** Requires an integer that a double holds exactly. */
export function requireSafe(tag: string, value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new PackingError(`${tag} must be an integer up to 2^53 - 1, got ${value}`, unpackFailed);
}
