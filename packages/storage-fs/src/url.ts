import { isUtf8 } from 'node:buffer';
import { argumentTypeError, ConveyorError } from '@libconveyor/errors';
import type { StorageProvider } from '@libconveyor/storage';
import { origin } from './error-map.ts';
import { FsStorage } from './storage.ts';

/**
 * The absolute path that a `file:` URL means (RFC 8089): percent-encoding is decoded, the host is empty or `localhost`.
 *
 * Errors: EINVAL for another scheme, another host, a path that is not absolute, a query or a fragment (a `?` or `#` in
 * a name is written %3F, %23), wrong percent-encoding, an encoded slash or NUL; EILSEQ for names that are not UTF-8.
 */
export function pathOfFileUrl(url: string | URL): string {
  if (typeof url !== 'string' && !(url instanceof URL)) throw argumentTypeError('url', 'a string or a URL', url);
  const text = String(url);
  const parts = /^file:(?:\/\/(?<host>[^/?#]*))?(?<path>[^?#]*)(?<rest>.*)$/is.exec(text)?.groups;
  if (parts === undefined) throw refused(text, 'it is no file: URL');
  const { host = '', path = '', rest = '' } = parts;
  if (host !== '' && host.toLowerCase() !== 'localhost') throw refused(text, `'${host}' is another host`);
  if (rest !== '') throw refused(text, 'a file: URL has no query and no fragment; write ? and # as %3F and %23');
  if (!path.startsWith('/')) throw refused(text, 'its path is not absolute');
  return decoded(text, path);
}

/** Finds the storage for `file:` URLs: the whole local file system. */
export const fileProvider: StorageProvider = {
  schemes: ['file'],
  locate: async (url) => ({ path: pathOfFileUrl(url), storage: new FsStorage() }),
};

/** The `file:` URL of an absolute path. Errors: EINVAL when it is not absolute. */
export function fileUrlOfPath(path: string): string {
  if (!path.startsWith('/')) throw refused(path, 'the path is not absolute');
  return `file://${path.split('/').map(encodeURIComponent).join('/')}`;
}

function decoded(url: string, path: string): string {
  if (/%(?![0-9a-f]{2})/i.test(path)) throw refused(url, 'a % is not followed by two hexadecimal digits');
  if (/%2f|%00/i.test(path)) throw refused(url, 'a name cannot hold a slash or a NUL');
  const bytes = Buffer.from(path, 'utf8');
  const out: number[] = [];
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    const isEscape = byte === 0x25;
    out.push(isEscape ? Number.parseInt(bytes.toString('latin1', index + 1, index + 3), 16) : byte);
    if (isEscape) index += 2;
  }
  const name = Buffer.from(out);
  if (!isUtf8(name)) {
    throw new ConveyorError('EILSEQ', { origin, operation: 'locate', path: url, detail: 'the name is not UTF-8' });
  }
  return name.toString('utf8');
}

function refused(url: string, detail: string): ConveyorError {
  return new ConveyorError('EINVAL', { origin, operation: 'locate', path: url, detail });
}
