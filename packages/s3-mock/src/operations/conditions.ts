import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import type { Condition } from '../store/bucket.ts';
import type { ObjectRecord } from '../store/object-record.ts';

/** Whether an ETag is in a list such as `"a", "b"` or `*`; quotes may be missing. */
function matches(list: string, etag: string): boolean {
  const bare = etag.replaceAll('"', '');
  return list.split(',').some((one) => {
    const wanted = one.trim().replace(/^W\//, '').replaceAll('"', '');
    return wanted === '*' || wanted === bare;
  });
}

/** Times in headers are whole seconds. */
function isModifiedSince(record: ObjectRecord, date: string): boolean | undefined {
  const since = Date.parse(date);
  return Number.isNaN(since) ? undefined : Math.floor(record.modifiedMs / 1000) * 1000 > since;
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { elements: { Condition: condition } });
}

/**
 * The conditions of a GET or HEAD (RFC 9110, 13.2.2): an ETag that is named outranks a date.
 *
 * Errors: S3Error (PreconditionFailed, NotModified).
 */
export function requireReadable(request: S3Request, record: ObjectRecord): void {
  const ifMatch = request.header('if-match');
  const ifNoneMatch = request.header('if-none-match');
  const unmodifiedSince = request.header('if-unmodified-since');
  const modifiedSince = request.header('if-modified-since');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, record.etag)) throw failed('If-Match');
  } else if (unmodifiedSince !== undefined && isModifiedSince(record, unmodifiedSince) === true) {
    throw failed('If-Unmodified-Since');
  }
  const notModified = new S3Error('NotModified', { headers: { etag: record.etag } });
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, record.etag)) throw notModified;
  } else if (modifiedSince !== undefined && isModifiedSince(record, modifiedSince) === false) {
    throw notModified;
  }
}

/** The conditions of a copy on its source. Errors: S3Error (PreconditionFailed). */
export function requireCopyable(request: S3Request, record: ObjectRecord): void {
  const name = (suffix: string): string => `x-amz-copy-source-${suffix}`;
  const value = (suffix: string): string | undefined => request.header(name(suffix));
  const ifMatch = value('if-match');
  const ifNoneMatch = value('if-none-match');
  const unmodifiedSince = value('if-unmodified-since');
  const modifiedSince = value('if-modified-since');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, record.etag)) throw failed(name('if-match'));
  } else if (unmodifiedSince !== undefined && isModifiedSince(record, unmodifiedSince) === true) {
    throw failed(name('if-unmodified-since'));
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, record.etag)) throw failed(name('if-none-match'));
  } else if (modifiedSince !== undefined && isModifiedSince(record, modifiedSince) === false) {
    throw failed(name('if-modified-since'));
  }
}

/**
 * The condition of a PUT, a CompleteMultipartUpload or a DELETE on what is there.
 *
 * Errors: S3Error (NotImplemented) for If-None-Match with anything but `*`, as S3 has it.
 */
export function writeCondition(request: S3Request): Condition {
  const ifMatch = request.header('if-match');
  const ifNoneMatch = request.header('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new S3Error('NotImplemented', { elements: { Header: 'If-None-Match' } });
  }
  return (current) => {
    if (ifNoneMatch !== undefined && current !== undefined) throw failed('If-None-Match');
    if (ifMatch === undefined) return;
    if (current === undefined) throw new S3Error('NoSuchKey', { elements: { Key: request.keyName } });
    if (!matches(ifMatch, current.etag)) throw failed('If-Match');
  };
}
