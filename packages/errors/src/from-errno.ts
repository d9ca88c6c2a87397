import { type ErrorCode, findOwnCode, type OwnCode } from './codes.ts';
import type { ErrorDetails } from './conveyor-error.ts';
import { ConveyorError, isConveyorError } from './conveyor-error.ts';
import type { ErrnoName } from './errno.ts';
import { findErrno } from './errno.ts';

/**
 * The error for an errno, as C functions and the engine report it.
 *
 * @param errno A name, or a number of either sign.
 * @returns An error with the name as its code. A number that Linux does not have becomes EIO, with the number in
 *   `detail`.
 */
export function errnoError(errno: ErrnoName | number, details: ErrorDetails): ConveyorError {
  const known = findErrno(errno);
  if (known !== undefined) return new ConveyorError(known.name, details);
  const detail = `unknown error number ${errno}`;
  return new ConveyorError('EIO', {
    ...details,
    detail: details.detail === undefined ? detail : `${details.detail}, ${detail}`,
  });
}

/**
 * The error for something that was thrown by Node or by a library. The original is kept as `cause`.
 *
 * - a {@link ConveyorError} is returned as it is: whoever was nearest to the failure knew most
 * - `code` is the name of an errno or one of our own codes: that code
 * - an AbortError: ECANCELED; a TimeoutError of `AbortSignal.timeout`: ETIMEDOUT
 * - anything else: EIO
 */
export function systemError(thrown: unknown, details: ErrorDetails): ConveyorError {
  if (isConveyorError(thrown)) return thrown;
  return new ConveyorError(codeOfThrown(thrown), { ...details, cause: details.cause ?? thrown });
}

function codeOfThrown(thrown: unknown): ErrorCode {
  if (typeof thrown !== 'object' || thrown === null) return 'EIO';
  const { code, name } = thrown as { code?: unknown; name?: unknown };
  if (typeof code === 'string') {
    const errno = findErrno(code);
    if (errno !== undefined) return errno.name;
    if (findOwnCode(code) !== undefined) return code as OwnCode;
  }
  if (name === 'AbortError') return 'ECANCELED';
  if (name === 'TimeoutError') return 'ETIMEDOUT';
  return 'EIO';
}
