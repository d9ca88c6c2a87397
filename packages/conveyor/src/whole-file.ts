import { constants as bufferLimits } from 'node:buffer';
import { constants } from 'node:os';
import { argumentTypeError, requireOptions } from '@libconveyor/errors';
import type { EngineHandle } from './engine-handle.ts';
import { atCursor } from './native-binding.ts';
import { bytesOf, isView, requireEncoding, requireSignal } from './transfer-arguments.ts';

/** Options of `readFile`. */
export interface ReadFileOptions {
  /** Gives a string instead of a Buffer. */
  encoding?: BufferEncoding | null | undefined;
  signal?: AbortSignal | undefined;
}

/** Options of `writeFile` and `appendFile`. */
export interface WriteFileOptions {
  /** Of strings. Default utf8. */
  encoding?: BufferEncoding | null | undefined;
  /** Syncs at the end. Default false. */
  flush?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** What `writeFile` takes. */
export type WriteFileData =
  | string
  | NodeJS.ArrayBufferView
  | Iterable<string | NodeJS.ArrayBufferView>
  | AsyncIterable<string | NodeJS.ArrayBufferView>;

/** Largest piece of one engine operation: between pieces the signal is looked at. */
const pieceBytes = 4 << 20;
const seekCurrent = 1;

/** Reads from the cursor to the end of file. */
export async function readWhole(handle: EngineHandle, given: unknown): Promise<Buffer | string> {
  const { encoding, signal } = readFileOptions(given);
  handle.requireNotAborted(signal, 'readFile');
  const { native } = handle;
  const request = { operation: 'readFile', waitsFor: 'bytes', signal } as const;
  const end = await handle.finish(native.size(handle.id), request);
  const start = await handle.finish(native.seek(handle.id, 0, seekCurrent), request);
  if (end - start > bufferLimits.MAX_LENGTH) throw handle.errorFor(-constants.errno.EFBIG, request);

  const pieces: Buffer[] = [];
  let expected = Math.max(0, end - start);
  let total = 0;
  // A file that grows meanwhile is read to its new end.
  for (;;) {
    handle.requireNotAborted(signal, 'readFile');
    const size = expected > 0 ? Math.min(expected, pieceBytes) : 65_536;
    const piece = Buffer.allocUnsafeSlow(size);
    const outcome = native.readOwn(handle.id, piece, 0, size, atCursor);
    const count = await handle.finish(outcome, { ...request, memory: piece });
    pieces.push(count < size ? piece.subarray(0, count) : piece);
    total += count;
    expected -= count;
    if (count < size || expected === 0) break;
  }
  const content = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, total);
  return encoding === undefined ? content : content.toString(encoding);
}

/** Writes everything at the cursor. */
export async function writeWhole(handle: EngineHandle, data: unknown, given: unknown): Promise<void> {
  const { encoding, flush, signal } = writeFileOptions(given);
  handle.requireNotAborted(signal, 'writeFile');
  if (typeof data === 'string') await writePieces(handle, Buffer.from(data, encoding), signal);
  else if (isView(data)) await writePieces(handle, bytesOf(data), signal);
  else if (isIterable(data)) await writeEach(handle, data, encoding, signal);
  else throw argumentTypeError('data', 'a string, a buffer, a typed array, a DataView or an iterable of them', data);
  if (flush) await handle.sync(false, signal);
}

async function writeEach(
  handle: EngineHandle,
  parts: Iterable<unknown> | AsyncIterable<unknown>,
  encoding: BufferEncoding,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const part of parts) {
    handle.requireNotAborted(signal, 'writeFile');
    if (typeof part === 'string') await writePieces(handle, Buffer.from(part, encoding), signal);
    else if (isView(part)) await writePieces(handle, bytesOf(part), signal);
    else throw argumentTypeError('data', 'an iterable of strings and views', part);
  }
}

/** Writes all bytes at the cursor, piece by piece. */
export async function writePieces(handle: EngineHandle, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    handle.requireNotAborted(signal, 'writeFile');
    const size = Math.min(bytes.byteLength - done, pieceBytes);
    handle.changes++;
    const outcome = handle.native.write(handle.id, bytes, done, size, atCursor);
    done += outcome >= 0 ? outcome : await handle.finish(outcome, { operation: 'writeFile', waitsFor: 'room', signal });
  }
}

function readFileOptions(given: unknown): { encoding: BufferEncoding | undefined; signal: AbortSignal | undefined } {
  const options = (typeof given === 'string' ? { encoding: given } : (given ?? undefined)) as
    | ReadFileOptions
    | undefined;
  requireOptions('options', options, ['encoding', 'signal']);
  const hasEncoding = options?.encoding !== undefined && options.encoding !== null;
  return {
    encoding: hasEncoding ? requireEncoding('options.encoding', options?.encoding) : undefined,
    signal: requireSignal(options?.signal),
  };
}

function writeFileOptions(given: unknown): {
  encoding: BufferEncoding;
  flush: boolean;
  signal: AbortSignal | undefined;
} {
  const options = (typeof given === 'string' ? { encoding: given } : (given ?? undefined)) as
    | WriteFileOptions
    | undefined;
  requireOptions('options', options, ['encoding', 'flush', 'signal']);
  if (options?.flush !== undefined && typeof options.flush !== 'boolean') {
    throw argumentTypeError('options.flush', 'a boolean', options.flush);
  }
  return {
    encoding: requireEncoding('options.encoding', options?.encoding),
    flush: options?.flush ?? false,
    signal: requireSignal(options?.signal),
  };
}

function isIterable(data: unknown): data is Iterable<unknown> | AsyncIterable<unknown> {
  return typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data);
}
