/**
 * What can go wrong at a ring without being misuse.
 *
 * - `EPIPE`: pushed after the ring was closed, or after the consumer abandoned it
 * - `EBUSY`: the end is taken, or waits already
 * - `EBADF`: the end was detached
 * - `ENOTSUP`: this runtime has no `Atomics.waitAsync`
 * - `ERR_CONVEYOR_FORMAT`: the memory does not hold what a ring holds
 */
export type RingErrorCode = 'EPIPE' | 'EBUSY' | 'EBADF' | 'ENOTSUP' | 'ERR_CONVEYOR_FORMAT';

/** An operation on a ring failed. `systemError` of @libconveyor/errors makes a ConveyorError of it, with this code. */
export class RingError extends Error {
  readonly code: RingErrorCode;
  /** `'push'`, `'popFrame'`, `'attach'` ... */
  readonly operation: string;

  constructor(code: RingErrorCode, operation: string, detail: string) {
    super(`${operation}: ${detail} (${code})`);
    this.name = 'RingError';
    this.code = code;
    this.operation = operation;
  }
}

/** The error of a region that holds what neither end writes. */
export function corrupt(operation: string, what: string): RingError {
  return new RingError('ERR_CONVEYOR_FORMAT', operation, `${what} cannot be`);
}
