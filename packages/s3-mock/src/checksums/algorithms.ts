import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from './crc32c.ts';
import { Crc64Nvme } from './crc64nvme.ts';

/** The checksums of S3, as its headers spell them after `x-amz-checksum-`. */
export const checksumAlgorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** Adds bytes up to a digest. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

/** A fresh hasher. */
export function createHasher(algorithm: ChecksumAlgorithm | 'md5'): Hasher {
  switch (algorithm) {
    case 'crc32':
      return new Crc((bytes, crc) => crc32(bytes, crc));
    case 'crc32c':
      return new Crc(crc32c);
    case 'crc64nvme':
      return new Crc64Nvme();
    default:
      return createHash(algorithm);
  }
}

class Crc implements Hasher {
  #state = 0;
  readonly #step: (bytes: Uint8Array, crc: number) => number;

  constructor(step: (bytes: Uint8Array, crc: number) => number) {
    this.#step = step;
  }

  update(bytes: Uint8Array): void {
    this.#state = this.#step(bytes, this.#state);
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#state);
    return bytes;
  }
}

/** The algorithm by its name in any case, or undefined. */
export function parseAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const lower = name.toLowerCase();
  return checksumAlgorithms.find((algorithm) => algorithm === lower);
}

/** The name of its XML element: `ChecksumCRC32`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm.toUpperCase()}`;
}

/** Bytes of a digest. */
export const digestLengths: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};
