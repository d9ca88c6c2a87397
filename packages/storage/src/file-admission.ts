import { constants } from 'node:fs';
import { ConveyorError, type ErrnoName } from '@libconveyor/errors';
import type { Capabilities } from './capabilities.ts';
import type { Attributes } from './file-stat.ts';
import { isReadable, isWritable } from './flags.ts';
import { requireAttributes, requireBuffer, requireOffset, requireOperationOptions } from './operation-arguments.ts';

/*
 * What can be refused about a call on an open file from its arguments, the file's flags and the capabilities alone.
 * Adapters and layers ask the same functions, so a call is refused alike wherever it meets the storage first.
 */

/** The file that a call is made on. */
export interface FileContext {
  readonly origin: string;
  readonly path: string;
  readonly flags: number;
  readonly capabilities: Capabilities;
}

/** Errors: TypeError, RangeError, EBADF. */
export function admitRead(context: FileContext, buffer: unknown, offset: unknown, options: unknown): void {
  requireBuffer(buffer, context.capabilities);
  requireOffset('offset', offset);
  requireOperationOptions(options);
  if (!isReadable(context.flags)) throw refused(context, 'EBADF', 'read', 'it is open for writing only');
}

/** Errors: TypeError, RangeError, EBADF, EINVAL with O_APPEND, EFBIG past the largest safe integer. */
export function admitWrite(context: FileContext, buffer: unknown, offset: unknown, options: unknown): void {
  requireBuffer(buffer, context.capabilities);
  requireOffset('offset', offset);
  requireOperationOptions(options);
  requireWritable(context, 'write');
  if ((context.flags & constants.O_APPEND) !== 0) {
    throw refused(context, 'EINVAL', 'write', 'a file opened with O_APPEND has no positional write, only append');
  }
  if (offset + buffer.byteLength > Number.MAX_SAFE_INTEGER) {
    throw refused(context, 'EFBIG', 'write', 'offsets end at 2^53 - 1', offset, buffer.byteLength);
  }
}

/** Errors: TypeError, RangeError, EBADF, EINVAL without O_APPEND. */
export function admitAppend(context: FileContext, buffer: unknown, options: unknown): void {
  requireBuffer(buffer, context.capabilities);
  requireOperationOptions(options);
  requireWritable(context, 'append');
  if ((context.flags & constants.O_APPEND) === 0) {
    throw refused(context, 'EINVAL', 'append', 'it was opened without O_APPEND');
  }
}

/** Errors: TypeError, RangeError, ENOTSUP, EBADF. */
export function admitTruncate(context: FileContext, size: unknown, options: unknown): void {
  requireOffset('size', size);
  requireOperationOptions(options);
  if (!context.capabilities.truncate) throw refused(context, 'ENOTSUP', 'truncate', 'the storage cannot truncate');
  requireWritable(context, 'truncate');
}

/** Errors: TypeError, RangeError, ENOTSUP. */
export function admitFileAttributes(context: FileContext, attributes: unknown, options: unknown): void {
  requireAttributes(attributes);
  requireOperationOptions(options);
  const missing = missingAttributeSupport(context.capabilities, attributes);
  if (missing !== undefined) throw refused(context, 'ENOTSUP', 'setAttributes', missing);
}

/** Errors: TypeError. */
export function admitSync(options: unknown): void {
  requireOperationOptions(options, ['dataOnly']);
}

/** What the storage lacks for setting these attributes, as an error's detail; undefined when it lacks nothing. */
export function missingAttributeSupport(capabilities: Capabilities, attributes: Attributes): string | undefined {
  if (capabilities.posix === 'full') return undefined;
  if (attributes.mode !== undefined) return 'the storage keeps no permission bits';
  return capabilities.posix === 'none' ? 'the storage keeps no times that can be set' : undefined;
}

function requireWritable(context: FileContext, operation: string): void {
  if (!isWritable(context.flags)) throw refused(context, 'EBADF', operation, 'it is open for reading only');
}

function refused(
  { origin, path }: FileContext,
  code: ErrnoName,
  operation: string,
  detail: string,
  offset?: number,
  length?: number,
): ConveyorError {
  return new ConveyorError(code, { origin, operation, path, detail, offset, length });
}
