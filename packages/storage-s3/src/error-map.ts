import { ConveyorError, type ErrorCode, type ErrorDetails, findErrno, systemError } from '@libconveyor/errors';
import { S3Failure } from './protocol/failure.ts';

/** The name of this package in its errors. */
export const origin = 'storage-s3';

const codes: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'ENOENT',
  NoSuchBucket: 'ENOENT',
  NotFound: 'ENOENT',
  NoSuchUpload: 'ESTALE',
  NoSuchVersion: 'ESTALE',
  PreconditionFailed: 'ESTALE',
  AccessDenied: 'EACCES',
  AllAccessDisabled: 'EACCES',
  AccountProblem: 'EACCES',
  InvalidObjectState: 'EACCES',
  InvalidAccessKeyId: 'EACCES',
  InvalidToken: 'EACCES',
  SignatureDoesNotMatch: 'EACCES',
  RequestTimeTooSkewed: 'EACCES',
  ExpiredToken: 'EKEYEXPIRED',
  InvalidBucketName: 'EINVAL',
  BucketAlreadyExists: 'EEXIST',
  KeyTooLongError: 'ENAMETOOLONG',
  EntityTooLarge: 'EFBIG',
  MethodNotAllowed: 'ENOTSUP',
  NotImplemented: 'ENOTSUP',
  QuotaExceeded: 'EDQUOT',
  InsufficientCapacity: 'ENOSPC',
  XMinioStorageFull: 'ENOSPC',
  SlowDown: 'EAGAIN',
  ServiceUnavailable: 'EAGAIN',
  Throttling: 'EAGAIN',
  RequestTimeout: 'ETIMEDOUT',
  BadDigest: 'ERR_CONVEYOR_CHECKSUM',
  XAmzContentSHA256Mismatch: 'ERR_CONVEYOR_CHECKSUM',
  XAmzContentChecksumMismatch: 'ERR_CONVEYOR_CHECKSUM',
  InvalidDigest: 'ERR_CONVEYOR_CHECKSUM',
  ERR_CONVEYOR_CHECKSUM: 'ERR_CONVEYOR_CHECKSUM',
  ERR_CONVEYOR_TRUNCATED: 'ERR_CONVEYOR_TRUNCATED',
  PermanentRedirect: 'EREMCHG',
  AuthorizationHeaderMalformed: 'EINVAL',
  EAI_AGAIN: 'EHOSTUNREACH',
  ENOTFOUND: 'EHOSTUNREACH',
};

/** Something the adapter itself refuses, before it is known for which operation and path. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, cause?: unknown) {
    super(detail ?? code, cause === undefined ? {} : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/**
 * What was thrown, as an error of this storage. What the server said is in `detail`; its own code, the status and the
 * request's id are in the `cause`, an {@link S3Failure}. What was repeated in vain has `retry: 'exhausted'`.
 */
export function mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
  if (thrown instanceof Refusal) {
    const { code, detail, cause } = thrown;
    return new ConveyorError(code, { ...details, detail, cause });
  }
  if (!(thrown instanceof S3Failure)) return systemError(thrown, details);
  const retry = thrown.isTransient ? 'exhausted' : 'never';
  const { message, attempts } = thrown;
  const detail = attempts > 1 ? `${message} (${attempts} attempts)` : message;
  return new ConveyorError(errorCode(thrown), { ...details, detail: oneLine(detail), retry, cause: thrown });
}

/** Whether a name was not there. */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof S3Failure && (thrown.code === 'NoSuchKey' || thrown.code === 'NotFound');
}

/** Whether a condition of the request did not hold. */
export function isRefusedCondition(thrown: unknown): boolean {
  return thrown instanceof S3Failure && thrown.code === 'PreconditionFailed';
}

function errorCode({ code, status }: S3Failure): ErrorCode {
  const known = codes[code];
  if (known !== undefined) return known;
  const errno = findErrno(code);
  if (errno !== undefined) return errno.name;
  if (status === 403) return 'EACCES';
  if (status === 404) return 'ENOENT';
  return status === 503 ? 'EAGAIN' : 'EIO';
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
