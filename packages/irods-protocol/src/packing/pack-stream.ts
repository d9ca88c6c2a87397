/**
 * Where structures are written to, one element after another. Both packings have one; a structure does not know which
 * it is written in.
 *
 * Errors: PackingError for values that the packing cannot carry (NUL, half a surrogate pair, an integer out of range).
 */
export interface PackWriter {
  beginStructure(tag: string): void;
  endStructure(tag: string): void;
  /** A signed 32-bit integer. */
  integer(tag: string, value: number): void;
  /** A signed 64-bit integer; safe integers only. */
  long(tag: string, value: number): void;
  text(tag: string, value: string): void;
  bytes(tag: string, value: Uint8Array): void;
  /** A NULL pointer, or an array without elements. */
  nothing(): void;
  /** An integer that some clients leave out: nothing in XML, 0 in native packing. */
  omittedInteger(tag: string): void;
}

/**
 * Where structures are read from. Elements are asked for in their order.
 *
 * Errors: PackingError when the next element is another one, or makes no sense.
 */
export interface PackReader {
  beginStructure(tag: string): void;
  endStructure(tag: string): void;
  integer(tag: string): number;
  long(tag: string): number;
  /** @param dimension Bytes of the field with its NUL; undefined for a pointer. */
  text(tag: string, dimension: number | undefined): string;
  /** @param length As announced; what is missing is zero. */
  bytes(tag: string, length: number): Buffer;
  /** Whether a pointer, or the next element of an array, is there. Steps over a NULL. */
  isPresent(tag: string): boolean;
  /** An integer that some clients leave out; only where the reader is told to allow it. */
  omittableInteger(tag: string): number | undefined;
  /** Requires that everything was read. */
  end(): void;
}
