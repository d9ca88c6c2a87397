import type { ChecksumAlgorithm } from './algorithms.ts';

/** Polynomials with bits reflected, and their widths. */
const fields: Partial<Record<ChecksumAlgorithm, { readonly polynomial: bigint; readonly width: bigint }>> = {
  crc32: { polynomial: 0xedb88320n, width: 32n },
  crc32c: { polynomial: 0x82f63b78n, width: 32n },
  crc64nvme: { polynomial: 0x9a6c9329ac4bc9b5n, width: 64n },
};

/** Whether the checksum of a whole follows from those of its parts. */
export function isCombinable(algorithm: ChecksumAlgorithm): boolean {
  return fields[algorithm] !== undefined;
}

/**
 * The CRC of pieces one after another, from the CRC and the length of each.
 *
 * Moving a remainder past `n` zero bytes is a product with x^(8n) modulo the polynomial; complements at both ends of
 * these CRCs cancel out (zlib, crc32_combine).
 */
export function combineCrcs(
  algorithm: ChecksumAlgorithm,
  pieces: readonly { readonly digest: Buffer; readonly length: number }[],
): Buffer {
  const field = fields[algorithm];
  if (field === undefined) throw new TypeError(`${algorithm} does not combine`);
  const shifts = new Map<number, bigint>();
  let total = 0n;
  for (const { digest, length } of pieces) {
    const shift = shifts.get(length) ?? powerOfX(8n * BigInt(length), field);
    shifts.set(length, shift);
    total = multiply(total, shift, field) ^ BigInt(`0x${digest.toString('hex')}`);
  }
  const hex = total.toString(16).padStart(Number(field.width) / 4, '0');
  return Buffer.from(hex, 'hex');
}

interface Field {
  readonly polynomial: bigint;
  readonly width: bigint;
}

/** The product of two remainders; the highest bit is the coefficient of x^0. */
function multiply(a: bigint, b: bigint, { polynomial, width }: Field): bigint {
  let product = 0n;
  let factor = b;
  for (let mask = 1n << (width - 1n); mask !== 0n; mask >>= 1n) {
    if (a & mask) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

function powerOfX(exponent: bigint, field: Field): bigint {
  let power = 1n << (field.width - 1n);
  let square = 1n << (field.width - 2n);
  for (let rest = exponent; rest !== 0n; rest >>= 1n) {
    if (rest & 1n) power = multiply(power, square, field);
    square = multiply(square, square, field);
  }
  return power;
}
