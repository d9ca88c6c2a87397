import { isUtf8 } from 'node:buffer';
import { argumentTypeError, ConveyorError } from '@libconveyor/errors';
import type { StorageProvider } from '@libconveyor/storage';
import { origin } from './error-map.ts';
import type { S3StorageOptions } from './options.ts';
import { S3Storage } from './storage.ts';

/** What an `s3:` URL names. */
export interface S3Place {
  readonly bucket: string;
  /** From the slash on; `/` for the bucket itself. */
  readonly path: string;
}

/** Amazon's rule; other servers take no more. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * What `s3://bucket/key` means: percent-encoding is decoded.
 *
 * Errors: EINVAL for another scheme, a bucket that cannot be one, a user, a port, a query or a fragment (a `?` or `#`
 * in a key is written %3F, %23), wrong percent-encoding; EILSEQ for keys that are not UTF-8.
 */
export function placeOfS3Url(url: string | URL): S3Place {
  if (typeof url !== 'string' && !(url instanceof URL)) throw argumentTypeError('url', 'a string or a URL', url);
  const text = String(url);
  const parts = /^s3:\/\/(?<bucket>[^/?#]*)(?<path>[^?#]*)(?<rest>.*)$/is.exec(text)?.groups;
  if (parts === undefined) throw refused(text, 'it is no s3: URL; one looks like s3://bucket/key');
  const { bucket = '', path = '', rest = '' } = parts;
  if (bucket === '') throw refused(text, 'it names no bucket');
  if (!bucketName.test(bucket)) throw refused(text, `'${bucket}' cannot be the name of a bucket`);
  if (rest !== '') throw refused(text, 'an s3: URL has no query and no fragment; write ? and # as %3F and %23');
  return { bucket, path: decoded(text, path === '' ? '/' : path) };
}

/** Finds storages for `s3:` URLs, all with these options. */
export function s3ProviderWith(options: Omit<S3StorageOptions, 'bucket'>): StorageProvider {
  return {
    schemes: ['s3'],
    locate: async (url) => {
      const { bucket, path } = placeOfS3Url(url);
      return { path, storage: await S3Storage.connect({ ...options, bucket }) };
    },
  };
}

/** Finds storages for `s3:` URLs as the AWS tools would: by environment and profile. */
export const s3Provider: StorageProvider = s3ProviderWith({});

function decoded(url: string, path: string): string {
  if (/%(?![0-9a-f]{2})/i.test(path)) throw refused(url, 'a % is not followed by two hexadecimal digits');
  if (/%00/.test(path)) throw refused(url, 'a key cannot hold a NUL');
  const bytes = Buffer.from(
    path.replace(/%([0-9a-f]{2})|[^%]+/gi, (part, digits?: string) =>
      digits === undefined ? Buffer.from(part).toString('latin1') : String.fromCharCode(Number.parseInt(digits, 16)),
    ),
    'latin1',
  );
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new ConveyorError('EILSEQ', { origin, operation: 'locate', path: url, detail: 'the key is not UTF-8' });
}

function refused(url: string, detail: string): ConveyorError {
  return new ConveyorError('EINVAL', { origin, operation: 'locate', path: url, detail });
}
