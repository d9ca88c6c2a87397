import { ConveyorError, type ErrnoName, type ErrorDetails, errnoError, findErrno } from '@libconveyor/errors';
import type { LockHolder } from './lock-provider.ts';

/** A lock was not got, or not well given back. */
export class LockError extends ConveyorError {
  /** Who held it, where that is known. */
  readonly holder: LockHolder | undefined;

  /** @param errno A name, or a number of either sign; one that Linux does not have becomes EIO. */
  constructor(errno: ErrnoName | number, details: Omit<ErrorDetails, 'origin'>, holder?: LockHolder) {
    const known = findErrno(errno)?.name ?? errnoError(errno, { ...details, origin: 'file-lock' }).code;
    super(known, { ...details, origin: 'file-lock' });
    this.holder = holder;
  }
}

/** What says who holds a lock, as the detail of an error. */
export function describeHolder(holder: LockHolder | undefined): string | undefined {
  if (holder === undefined) return undefined;
  const since = holder.startedAt === undefined ? '' : `, running since ${holder.startedAt.toISOString()}`;
  return `held by process ${holder.pid} on ${holder.host}${since}`;
}

/** The error of a wait that its signal ended: an AbortError, ETIMEDOUT for the reason of `AbortSignal.timeout`. */
export function abortedError(signal: AbortSignal, path: string): LockError {
  const cause: unknown = signal.reason;
  const isTimeout = cause instanceof Error && cause.name === 'TimeoutError';
  const error = new LockError(isTimeout ? 'ETIMEDOUT' : 'ECANCELED', { operation: 'acquire', path, cause });
  if (!isTimeout) error.name = 'AbortError';
  return error;
}
