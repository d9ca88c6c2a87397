import {
  argumentRangeError,
  argumentTypeError,
  requireInteger,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import { atCursor } from './native-binding.ts';

/** Where in the file: from 0, or null, undefined or -1 for the handle's cursor. */
export type Position = number | bigint | null | undefined;

/** Options of `read` and `write`. */
export interface TransferOptions {
  /** First byte of the buffer that is used. Default 0. */
  offset?: number | null | undefined;
  /** Bytes to move. Default: from `offset` to the buffer's end. */
  length?: number | null | undefined;
  /** Default: the cursor, which moves along. */
  position?: Position;
  /** Gives up waiting: ECANCELED (ETIMEDOUT for the TimeoutError of `AbortSignal.timeout`). */
  signal?: AbortSignal | undefined;
}

/** Options of the form of `read` that names everything. */
export interface ReadOptions<T extends NodeJS.ArrayBufferView = NodeJS.ArrayBufferView> extends TransferOptions {
  /** Default: a new Buffer of 16 KiB. */
  buffer?: T | undefined;
}

/** The arguments of one transfer, complete and checked. */
export interface Transfer<T extends NodeJS.ArrayBufferView = NodeJS.ArrayBufferView> {
  readonly buffer: T;
  readonly offset: number;
  readonly length: number;
  readonly position: number;
  readonly signal: AbortSignal | undefined;
}

const transferOptions = ['offset', 'length', 'position', 'signal'] as const;
const readOptions = ['buffer', ...transferOptions] as const;
const defaultReadBytes = 16_384;

/**
 * The arguments of `read`: (buffer, offset, length, position), (buffer, options) or (options).
 *
 * Errors: TypeError, RangeError.
 */
export function readTransfer(
  target: unknown,
  offset: unknown,
  length: unknown,
  position: unknown,
): Transfer<NodeJS.ArrayBufferView> {
  if (isView(target)) return viewTransfer(target, offset, length, position);
  if (target === undefined || target === null) {
    return viewTransfer(Buffer.alloc(defaultReadBytes), undefined, undefined, undefined);
  }
  if (typeof target !== 'object') throw argumentTypeError('buffer', 'a buffer, a typed array or a DataView', target);
  requireOptions('options', target, readOptions);
  const { buffer = Buffer.alloc(defaultReadBytes), ...rest } = target as ReadOptions;
  if (!isView(buffer)) throw argumentTypeError('options.buffer', 'a buffer, a typed array or a DataView', buffer);
  return viewTransfer(buffer, rest, undefined, undefined);
}

/**
 * The arguments of `write`: (buffer, offset, length, position), (buffer, options) or (string, position, encoding).
 *
 * Errors: TypeError, RangeError.
 */
export function writeTransfer(source: unknown, offset: unknown, length: unknown, position: unknown): Transfer {
  if (isView(source)) return viewTransfer(source, offset, length, position);
  if (typeof source !== 'string') {
    throw argumentTypeError('buffer', 'a string, a buffer, a typed array or a DataView', source);
  }
  const bytes = Buffer.from(source, requireEncoding('encoding', length));
  return { buffer: bytes, offset: 0, length: bytes.byteLength, position: parsePosition(offset), signal: undefined };
}

function viewTransfer<T extends NodeJS.ArrayBufferView>(
  buffer: T,
  offset: unknown,
  length: unknown,
  position: unknown,
): Transfer<T> {
  if (typeof offset === 'object' && offset !== null) {
    requireOptions('options', offset, transferOptions);
    const options = offset as TransferOptions;
    return checkedTransfer(buffer, options.offset, options.length, options.position, requireSignal(options.signal));
  }
  return checkedTransfer(buffer, offset, length, position, undefined);
}

function checkedTransfer<T extends NodeJS.ArrayBufferView>(
  buffer: T,
  offset: unknown,
  length: unknown,
  position: unknown,
  signal: AbortSignal | undefined,
): Transfer<T> {
  const size = buffer.byteLength;
  let start = 0;
  if (offset !== undefined && offset !== null) {
    requireInteger('offset', offset, 0, size);
    start = offset;
  }
  let count = size - start;
  if (length !== undefined && length !== null) {
    requireInteger('length', length, 0, size - start);
    count = length;
  }
  return { buffer, offset: start, length: count, position: parsePosition(position), signal };
}

/** Errors: TypeError, RangeError for what is no position. */
export function parsePosition(position: unknown): number {
  if (position === undefined || position === null) return atCursor;
  if (typeof position === 'bigint') {
    if (position < -1n || position > BigInt(Number.MAX_SAFE_INTEGER)) throw wrongPosition(position);
    return Number(position);
  }
  if (typeof position !== 'number') throw argumentTypeError('position', 'an integer, a bigint or null', position);
  if (!Number.isSafeInteger(position) || position < atCursor) throw wrongPosition(position);
  return position;
}

function wrongPosition(position: unknown): RangeError {
  return argumentRangeError('position', `an integer from -1 (the cursor) to ${Number.MAX_SAFE_INTEGER}`, position);
}

/** Errors: TypeError, RangeError for an encoding that Buffer does not know. */
export function requireEncoding(name: string, encoding: unknown): BufferEncoding {
  if (encoding === undefined || encoding === null) return 'utf8';
  requireString(name, encoding);
  if (!Buffer.isEncoding(encoding)) throw argumentRangeError(name, 'an encoding that Buffer knows', encoding);
  return encoding;
}

/** Errors: TypeError for what is no AbortSignal. */
export function requireSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw argumentTypeError('options.signal', 'an AbortSignal', signal);
}

/** Errors: TypeError unless it is an array of views. */
export function requireViews(buffers: unknown): readonly NodeJS.ArrayBufferView[] {
  if (Array.isArray(buffers) && buffers.every(isView)) return buffers;
  throw argumentTypeError('buffers', 'an array of buffers, typed arrays or DataViews', buffers);
}

/** Whether a value is a Buffer, another typed array or a DataView. */
export function isView(value: unknown): value is NodeJS.ArrayBufferView {
  return ArrayBuffer.isView(value);
}

/** The bytes of a view as a Buffer over the same memory. */
export function bytesOf(view: NodeJS.ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
