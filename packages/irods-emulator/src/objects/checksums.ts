import { createHash } from 'node:crypto';
import { formatChecksum } from '@libconveyor/irods-protocol';
import type { Replica } from '../catalog/entries.ts';

const pieceLength = 1024 ** 2;

/** The checksum of the bytes that the catalog knows of. */
export function checksumOf({ file, size }: Replica, algorithm: 'sha2' | 'md5'): string {
  const hash = createHash(algorithm === 'sha2' ? 'sha256' : 'md5');
  for (let at = 0; at < size; at += pieceLength) hash.update(file.read(at, Math.min(pieceLength, size - at)));
  return formatChecksum({ algorithm, digest: hash.digest() });
}
