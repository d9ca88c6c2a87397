import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (ISO 3309) of bytes, or of bytes behind those that `before` is the CRC of. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return zlibCrc32(bytes, before);
}

/** As S3 writes it in headers: base64 of the four bytes, the highest first. */
export function crc32Text(crc: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}

const polynomial = 0xedb88320;

/**
 * The CRC-32 of two pieces of data put together, from theirs alone: zlib's crc32_combine.
 *
 * @param length Bytes of the second piece.
 */
export function combinedCrc32(first: number, second: number, length: number): number {
  return (multiply(powerOfX(length * 8), first) ^ second) >>> 0;
}

/** a(x) * b(x) modulo the polynomial; bit 31 is the coefficient of x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b >>> 0;
  for (let mask = 0x80000000; mask !== 0; mask >>>= 1) {
    if ((a & mask) !== 0) product ^= factor;
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(2^k) modulo the polynomial, for every k that a length in bits can have. */
const squares: number[] = [0x40000000];

/** x^exponent modulo the polynomial. */
function powerOfX(exponent: number): number {
  let power = 0x80000000;
  let rest = exponent;
  for (let index = 0; rest > 0; index++) {
    const square = squareAt(index);
    // Not by shifts: lengths in bits have more than 32 of them.
    if (rest % 2 === 1) power = multiply(square, power);
    rest = Math.floor(rest / 2);
  }
  return power;
}

function squareAt(index: number): number {
  for (let next = squares.length; next <= index; next++) {
    const last = squares[next - 1] as number;
    squares.push(multiply(last, last));
  }
  return squares[index] as number;
}
