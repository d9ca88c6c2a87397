import type { IncomingHttpHeaders } from 'node:http';
import { ConveyorError, type ErrorCode, type ErrorDetails, type Retry } from '@libconveyor/errors';

/** What tells one version of a resource from another, as far as the server says. */
export interface Version {
  readonly etag: string | undefined;
  readonly modified: string | undefined;
  /** What If-Range takes (RFC 9110, 13.1.5): a strong ETag, else a date. */
  readonly strong: string | undefined;
}

export function versionOf(headers: IncomingHttpHeaders): Version {
  const { etag, 'last-modified': modified } = headers;
  const strong = etag === undefined ? modified : etag.startsWith('W/') ? undefined : etag;
  return { etag, modified, strong };
}

/** Content-Length; undefined where the server does not say. */
export function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['content-length'] ?? '';
  return /^\d+$/.test(text) && headers['transfer-encoding'] === undefined ? Number(text) : undefined;
}

/** The bytes that a 206 brings. Errors: EPROTO where it does not say, or says what cannot be. */
export function contentRange(
  headers: IncomingHttpHeaders,
  details: ErrorDetails,
): { begin: number; end: number; size: number | undefined } {
  const text = headers['content-range'] ?? '';
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text) ?? [];
  const [begin, end] = [Number(first), Number(last) + 1];
  const size = total === undefined || total === '*' ? undefined : Number(total);
  const length = lengthOf(headers) ?? end - begin;
  if (begin < end && end <= (size ?? end) && length === end - begin && Number.isSafeInteger(size ?? end)) {
    return { begin, end, size };
  }
  const detail = `the server answers a range with '${text}'`;
  throw new ConveyorError('EPROTO', { ...details, detail, retry: 'safe' });
}

const refusals: Readonly<Record<number, readonly [ErrorCode, Retry]>> = {
  401: ['EACCES', 'never'],
  403: ['EACCES', 'never'],
  404: ['ENOENT', 'never'],
  408: ['ETIMEDOUT', 'safe'],
  410: ['ENOENT', 'never'],
  412: ['ESTALE', 'never'],
  425: ['EAGAIN', 'safe'],
  429: ['EAGAIN', 'safe'],
  503: ['EAGAIN', 'safe'],
};

/** The error that a status is; undefined for those that bring or deny bytes. */
export function refusal(answer: { status: number; message: string }, details: ErrorDetails): ConveyorError | undefined {
  const { status, message } = answer;
  const detail = `the server answered ${status} ${message}`.trim();
  if (status < 400 || status === 416) return undefined;
  const [code, retry] = refusals[status] ?? (status < 500 ? ['EINVAL', 'never'] : ['EIO', 'safe']);
  return new ConveyorError(code, { ...details, detail, retry });
}
