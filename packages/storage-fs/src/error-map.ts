import { type ConveyorError, type ErrorDetails, errnoError, findErrno, systemError } from '@libconveyor/errors';

/** The name of this package in its errors. */
export const origin = 'storage-fs';

/**
 * What was thrown, as an error of this storage: the errno that the kernel gave, by name or by number, with the original
 * as cause; EIO for whatever has none.
 */
export function mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
  const { code, errno } = (thrown ?? {}) as { code?: unknown; errno?: unknown };
  const unnamed = typeof code !== 'string' || findErrno(code) === undefined;
  if (unnamed && typeof errno === 'number') return errnoError(errno, { ...details, cause: thrown });
  return systemError(thrown, details);
}

/** The errno name of something that was thrown, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
