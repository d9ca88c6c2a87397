/** Algorithms of checksums, by their names in the protocol; `md5` has no prefix there. */
export type ChecksumAlgorithm = 'sha2' | 'sha512' | 'sha1' | 'md5' | 'adler32';

/** A checksum as the catalog keeps it. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly digest: Buffer;
}

const base64Prefixes = ['sha2', 'sha512', 'sha1'] as const;

/** The checksum in a catalog's text; undefined when there is none, or of an unknown kind. */
export function parseChecksum(text: string): Checksum | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return { algorithm: 'md5', digest: Buffer.from(text, 'hex') };
  const colon = text.indexOf(':');
  const prefix = text.slice(0, Math.max(colon, 0));
  const value = text.slice(colon + 1);
  if (prefix === 'adler32' && /^[0-9a-f]{8}$/i.test(value))
    return { algorithm: prefix, digest: Buffer.from(value, 'hex') };
  const algorithm = base64Prefixes.find((name) => name === prefix);
  return algorithm === undefined ? undefined : { algorithm, digest: Buffer.from(value, 'base64') };
}

/** A checksum as the catalog's text. */
export function formatChecksum({ algorithm, digest }: Checksum): string {
  if (algorithm === 'md5') return digest.toString('hex');
  return `${algorithm}:${digest.toString(algorithm === 'adler32' ? 'hex' : 'base64')}`;
}
