import { S3Error } from '../s3-error.ts';

/** Bytes [start, end) of an object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of an object of that length. Undefined for what S3 ignores: other units, several ranges,
 * nonsense.
 *
 * Errors: S3Error (InvalidRange) when it has none of those bytes.
 */
export function parseRange(header: string | undefined, length: number): ByteRange | undefined {
  const [, first, last] = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const count = Math.min(Number(last), length);
    if (count === 0) throw unsatisfiable(header, length);
    return { start: length - count, end: length };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= length) throw unsatisfiable(header, length);
  return { start, end: last === '' ? length : Math.min(Number(last) + 1, length) };
}

/** The range of an UploadPartCopy: both ends, within the source. Errors: S3Error (InvalidArgument). */
export function parseCopyRange(header: string | undefined, length: number): ByteRange {
  if (header === undefined) return { start: 0, end: length };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    const message =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are ' +
      'the zero-based offsets of the first and last bytes to copy';
    throw new S3Error('InvalidArgument', { message });
  }
  if (Number(last) >= length) {
    throw new S3Error('InvalidArgument', {
      message: `Range specified is not valid for source object of size: ${length}`,
    });
  }
  return { start: Number(first), end: Number(last) + 1 };
}

function unsatisfiable(range: string | undefined, length: number): S3Error {
  return new S3Error('InvalidRange', {
    elements: { RangeRequested: range ?? '', ActualObjectSize: length },
    headers: { 'content-range': `bytes */${length}` },
  });
}
