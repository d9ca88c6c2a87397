import { type ConveyorError, type ErrnoName, type ErrorDetails, errnoError, systemError } from '@libconveyor/errors';

/** Something the memory storage refuses, before it is known for which operation and path. */
export class MemoryFailure extends Error {
  readonly code: ErrnoName;
  readonly detail: string | undefined;

  constructor(code: ErrnoName, detail?: string) {
    super(detail ?? code);
    this.code = code;
    this.detail = detail;
  }
}

/** The errors of this storage; whatever else is thrown in it is EIO. */
export function mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
  if (!(thrown instanceof MemoryFailure)) return systemError(thrown, details);
  return errnoError(thrown.code, { ...details, detail: thrown.detail });
}
