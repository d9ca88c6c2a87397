import { EventEmitter } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  argumentTypeError,
  type ConveyorError,
  errnoError,
  requireInteger,
  requireOneOf,
  requireOptions,
} from '@libconveyor/errors';
import { unwatchHandle, watchHandle } from './abandoned-handles.ts';
import { destroyStreams } from './attached-streams.ts';
import type { EngineHandle } from './engine-handle.ts';
import { FileReadStream, type ReadStreamOptions } from './file-read-stream.ts';
import { FileStats } from './file-stats.ts';
import { FileWriteStream, type WriteStreamOptions } from './file-write-stream.ts';
import type { NativeBinding, NativeStats } from './native-binding.ts';
import {
  isView,
  type Position,
  parsePosition,
  type ReadOptions,
  readTransfer,
  requireSignal,
  type Transfer,
  type TransferOptions,
  writeTransfer,
} from './transfer-arguments.ts';
import { readVector, writeVector } from './vectors.ts';
import {
  type ReadableWebStreamOptions,
  readableWebStream,
  type WritableWebStreamOptions,
  writableWebStream,
} from './web-streams.ts';
import {
  type ReadFileOptions,
  readWhole,
  type WriteFileData,
  type WriteFileOptions,
  writeWhole,
} from './whole-file.ts';

/** What `read` resolves with. `bytesRead` is less than asked for only at the end of the file. Clause: R1. */
export interface ReadResult<T> {
  bytesRead: number;
  buffer: T;
}

/** What `write` resolves with. */
export interface WriteResult<T> {
  bytesWritten: number;
  buffer: T;
}

/** Options of operations that wait. */
export interface WaitOptions {
  /** Gives up waiting: ECANCELED (ETIMEDOUT for the TimeoutError of `AbortSignal.timeout`). It can be repeated. */
  signal?: AbortSignal | undefined;
}

type View = NodeJS.ArrayBufferView;

/** From where `seek` counts. */
export type Whence = 'start' | 'current' | 'end';
const whences: readonly Whence[] = ['start', 'current', 'end'];

/**
 * Operations that are done at once resolve without a turn of the event loop; after this many of them, or this many
 * bytes, one turn is taken: a loop of them must not keep timers waiting, nor the sockets that carry its bytes away.
 */
const turnResults = 512;
const turnBytes = 2 * 1024 ** 2;
let resultsAtOnce = 0;
let bytesAtOnce = 0;

/** Counts an operation that was done at once. @returns Whether a turn is due. */
function isTurnDue(byteCount: number): boolean {
  resultsAtOnce++;
  bytesAtOnce += byteCount;
  if (resultsAtOnce < turnResults && bytesAtOnce < turnBytes) return false;
  resultsAtOnce = 0;
  bytesAtOnce = 0;
  return true;
}

/**
 * An open file with the shape of a `FileHandle` of node:fs/promises, in front of any storage. `open` makes it.
 *
 * Buffers belong to the caller again when a promise has settled; a `write` has copied its bytes before it returns
 * (clause W1).
 * Errors: TypeError and RangeError for wrong arguments, otherwise ConveyorError with the errno's name as `code`:
 * EBADF once closed or in the wrong mode, and the sticky error of an earlier write behind (clause F4) with its byte
 * range. All methods that return promises reject and never throw.
 * Threads: one JavaScript thread; any number of operations at once.
 */
export class ConveyorFileHandle extends EventEmitter<{ close: [] }> {
  readonly #native: NativeBinding;
  readonly #engine: EngineHandle;
  #closing: Promise<void> | undefined;

  /** For `open` and `openFile`. */
  constructor(engine: EngineHandle) {
    super();
    this.#native = engine.native;
    this.#engine = engine;
    watchHandle(this, engine);
  }

  /** Always undefined: bytes on a descriptor beside this handle would miss what has not landed. */
  get fd(): undefined {
    return undefined;
  }

  /** As the storage names it. */
  get path(): string {
    return this.#engine.path;
  }

  /** Fills `buffer`; at the cursor, unless a position is given. Clauses: W2, R1 to R7, P3. */
  read<T extends View>(
    buffer: T,
    offset?: number | null,
    length?: number | null,
    position?: Position,
  ): Promise<ReadResult<T>>;
  read<T extends View>(buffer: T, options?: TransferOptions): Promise<ReadResult<T>>;
  read<T extends View = Buffer>(options?: ReadOptions<T>): Promise<ReadResult<T>>;
  async read(target?: unknown, offset?: unknown, length?: unknown, position?: unknown): Promise<ReadResult<View>> {
    const transfer = readTransfer(target, offset, length, position);
    const { buffer, signal } = transfer;
    if (signal !== undefined) this.#engine.requireNotAborted(signal, 'read');
    const outcome = this.#native.read(this.#engine.id, buffer, transfer.offset, transfer.length, transfer.position);
    if (outcome < 0) return { bytesRead: await this.#finishRead(outcome, transfer), buffer };
    if (isTurnDue(outcome)) await nextTurn();
    return { bytesRead: outcome, buffer };
  }

  /** Accepts bytes for writing; at the cursor, unless a position is given. Clauses: W1 to W10, P3. */
  write<T extends View>(
    buffer: T,
    offset?: number | null,
    length?: number | null,
    position?: Position,
  ): Promise<WriteResult<T>>;
  write<T extends View>(buffer: T, options?: TransferOptions): Promise<WriteResult<T>>;
  write(text: string, position?: Position, encoding?: BufferEncoding | null): Promise<WriteResult<string>>;
  async write(source: unknown, offset?: unknown, length?: unknown, position?: unknown): Promise<WriteResult<unknown>> {
    const transfer = writeTransfer(source, offset, length, position);
    if (transfer.signal !== undefined) this.#engine.requireNotAborted(transfer.signal, 'write');
    this.#engine.changes++;
    const { buffer } = transfer;
    const outcome = this.#native.write(this.#engine.id, buffer, transfer.offset, transfer.length, transfer.position);
    if (outcome < 0) return { bytesWritten: await this.#finishWrite(outcome, transfer), buffer: source };
    if (isTurnDue(outcome)) await nextTurn();
    return { bytesWritten: outcome, buffer: source };
  }

  /** One read into several buffers, in order. */
  async readv<T extends readonly View[]>(buffers: T, position?: Position): Promise<{ bytesRead: number; buffers: T }> {
    return { bytesRead: await readVector(this.#engine, buffers, parsePosition(position)), buffers };
  }

  /** One write of several buffers, in order. */
  async writev<T extends readonly View[]>(
    buffers: T,
    position?: Position,
  ): Promise<{ bytesWritten: number; buffers: T }> {
    return { bytesWritten: await writeVector(this.#engine, buffers, parsePosition(position)), buffers };
  }

  /** Reads from the cursor to the end of the file. */
  readFile(options?: { encoding?: null; signal?: AbortSignal } | null): Promise<Buffer>;
  readFile(options: { encoding: BufferEncoding; signal?: AbortSignal } | BufferEncoding): Promise<string>;
  async readFile(options?: ReadFileOptions | BufferEncoding | null): Promise<Buffer | string> {
    return readWhole(this.#engine, options);
  }

  /** Writes at the cursor; what the file holds behind stays, as in node:fs. */
  async writeFile(data: WriteFileData, options?: WriteFileOptions | BufferEncoding | null): Promise<void> {
    await writeWhole(this.#engine, data, options);
  }

  /** The same as `writeFile`, as in node:fs: whether it appends is decided by how the file was opened. */
  async appendFile(data: WriteFileData, options?: WriteFileOptions | BufferEncoding | null): Promise<void> {
    await writeWhole(this.#engine, data, options);
  }

  /** Describes the file; `size` includes accepted bytes that have not landed. Clause: R1. */
  async stat(): Promise<FileStats> {
    const size = await this.size();
    return new FileStats(await this.#engine.file.stat(), size);
  }

  /** The end of the file. Clause: R1. */
  async size(): Promise<number> {
    return this.#engine.finish(this.#native.size(this.#engine.id), { operation: 'size', waitsFor: 'bytes' });
  }

  /** Moves the cursor and resolves with its new position. Errors: EINVAL before the start of the file. Clause: P2. */
  async seek(offset: number, whence: Whence = 'start'): Promise<number> {
    requireInteger('offset', offset);
    requireOneOf('whence', whence, whences);
    const outcome = this.#native.seek(this.#engine.id, offset, whences.indexOf(whence));
    return this.#engine.finish(outcome, { operation: 'seek', waitsFor: 'bytes', offset });
  }

  /** Cuts or extends the file, in order with the writes. Clause: P4. */
  async truncate(size = 0): Promise<void> {
    requireInteger('size', size, 0);
    this.#engine.changes++;
    await this.#engine.finish(this.#native.truncate(this.#engine.id, size), { operation: 'truncate', offset: size });
  }

  /** Waits until every byte accepted so far has landed. Clause: F1. */
  async flush(options?: WaitOptions): Promise<void> {
    await this.#engine.flush(waitSignal(options));
  }

  /** `flush`, then makes the bytes durable, as far as the storage can. Clauses: F2, F10. */
  async sync(options?: WaitOptions): Promise<void> {
    await this.#engine.sync(false, waitSignal(options));
  }

  /** As `sync`, without what is not needed to read the bytes back. */
  async datasync(options?: WaitOptions): Promise<void> {
    await this.#engine.sync(true, waitSignal(options));
  }

  /** Starts to read a part of the file ahead; a hint, which promises nothing. Clause: R3. */
  prefetch(offset: number, length: number): void {
    requireInteger('offset', offset, 0);
    requireInteger('length', length, 0);
    this.#require(this.#native.prefetch(this.#engine.id, offset, length), 'prefetch');
  }

  /** Forgets what was read ahead, for when somebody else has changed the file. Clause: R6. */
  invalidate(): void {
    this.#require(this.#native.invalidate(this.#engine.id), 'invalidate');
  }

  /** Counters of the engine; the window fields start again with each call. Errors: EBADF. Clause: O1. */
  stats(): NativeStats {
    const stats = this.#native.stats(this.#engine.id);
    if (typeof stats === 'number') throw this.#engine.errorFor(stats, { operation: 'stats' });
    return stats;
  }

  /**
   * The error that keeps accepted bytes from landing, with their range; undefined if there is none. Clauses: F4, F8.
   */
  get lastError(): ConveyorError | undefined {
    return this.#engine.stickyError('write');
  }

  /** Tries the bytes again that `lastError` keeps from landing. Clause: F4. */
  clearError(): void {
    this.#engine.clearError();
  }

  /** Sets the permission bits. Errors: ENOTSUP where the storage has none. */
  async chmod(mode: number): Promise<void> {
    requireInteger('mode', mode, 0, 0o7777);
    this.#requireOpen('chmod');
    await this.#engine.file.setAttributes({ mode });
  }

  /** Sets the times, after everything accepted has landed. Errors: ENOTSUP where the storage has none. */
  async utimes(atime: number | Date, mtime: number | Date): Promise<void> {
    const attributes = { atimeMs: parseTime('atime', atime), mtimeMs: parseTime('mtime', mtime) };
    await this.flush();
    await this.#engine.file.setAttributes(attributes);
  }

  /**
   * Refuses new operations, gives waiting reads and writes up (EBADF), lands and syncs what was accepted, closes. Emits
   * `'close'`. A second call gives the first one's result; after that it does nothing. Clauses: F5, F6, F10.
   *
   * Errors: the first error that kept bytes from landing or closing from working. Closed is closed nevertheless, except
   * after ETIMEDOUT (option `flushTimeoutMs`): then the handle stays open.
   */
  close(): Promise<void> {
    if (!this.#engine.isOpen) return Promise.resolve();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      const closed = this.#engine.close();
      destroyStreams(this);
      await closed;
    } finally {
      this.#closing = undefined;
      if (!this.#engine.isOpen) {
        unwatchHandle(this.#engine);
        this.emit('close');
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A Node stream from `start` or the cursor on. */
  createReadStream(options?: ReadStreamOptions): FileReadStream {
    return new FileReadStream(this, options);
  }

  /** A Node stream to `start` or the cursor. */
  createWriteStream(options?: WriteStreamOptions): FileWriteStream {
    return new FileWriteStream(this, options);
  }

  /** A web stream of bytes from the cursor on. */
  readableWebStream(options?: ReadableWebStreamOptions): ReadableStream {
    return readableWebStream(this, options);
  }

  /** A web stream to `start` or the cursor; closing it flushes. */
  writableWebStream(options?: WritableWebStreamOptions): WritableStream {
    return writableWebStream(this, options);
  }

  /** The lines of the file, from the cursor on. */
  readLines(options?: ReadStreamOptions): Interface {
    return createInterface({ input: this.createReadStream(options), crlfDelay: Number.POSITIVE_INFINITY });
  }

  // The synchronous forms block this thread. They exist where the storage has a descriptor of its own; for any other
  // they throw ENOTSUP, because it runs on this very thread.

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  readSync(buffer: View, offset?: number | null, length?: number | null, position?: Position): number {
    const part = readTransfer(buffer, offset, length, position);
    const result = this.#native.readSync(this.#engine.id, part.buffer, part.offset, part.length, part.position);
    return this.#require(result, 'read');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  writeSync(buffer: View, offset?: number | null, length?: number | null, position?: Position): number {
    if (!isView(buffer)) throw argumentTypeError('buffer', 'a buffer, a typed array or a DataView', buffer);
    const part = writeTransfer(buffer, offset, length, position);
    this.#engine.changes++;
    const result = this.#native.writeSync(this.#engine.id, part.buffer, part.offset, part.length, part.position);
    return this.#require(result, 'write');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  seekSync(offset: number, whence: Whence = 'start'): number {
    requireInteger('offset', offset);
    requireOneOf('whence', whence, whences);
    return this.#require(this.#native.seekSync(this.#engine.id, offset, whences.indexOf(whence)), 'seek');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  sizeSync(): number {
    return this.#require(this.#native.sizeSync(this.#engine.id), 'size');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  truncateSync(size = 0): void {
    requireInteger('size', size, 0);
    this.#engine.changes++;
    this.#require(this.#native.truncateSync(this.#engine.id, size), 'truncate');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  flushSync(): void {
    this.#require(this.#native.flushSync(this.#engine.id), 'flush');
  }

  /** Blocks. Errors: ENOTSUP for a storage without a descriptor. */
  syncSync(): void {
    this.#require(this.#native.syncSync(this.#engine.id, false), 'sync');
  }

  #finishRead(outcome: number, { buffer, offset, length, position, signal }: Transfer): Promise<number> {
    return this.#engine.finish(outcome, {
      operation: 'read',
      waitsFor: 'bytes',
      offset: position < 0 ? undefined : position,
      length,
      signal,
      collect: (slot) => this.#native.collect(slot, buffer, offset),
    });
  }

  #finishWrite(outcome: number, { length, position, signal }: Transfer): Promise<number> {
    const offset = position < 0 ? undefined : position;
    return this.#engine.finish(outcome, { operation: 'write', waitsFor: 'room', offset, length, signal });
  }

  #require(result: number, operation: string): number {
    if (result < 0) throw this.#engine.errorFor(result, { operation });
    return result;
  }

  #requireOpen(operation: string): void {
    if (this.#engine.id !== 0) return;
    throw errnoError('EBADF', { origin: 'engine', operation, path: this.path, kind: 'closed' });
  }
}

function waitSignal(options: WaitOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  requireOptions('options', options, ['signal']);
  return requireSignal(options.signal);
}

/** Milliseconds, from what `fs.utimes` takes: seconds or a Date. */
function parseTime(name: string, time: unknown): number {
  const ms = time instanceof Date ? time.getTime() : typeof time === 'number' ? time * 1000 : Number.NaN;
  if (!Number.isFinite(ms)) throw argumentTypeError(name, 'seconds since 1970 or a Date', time);
  return ms;
}
