import { ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import { throwIfAborted } from './abort.ts';
import {
  admitAppend,
  admitFileAttributes,
  admitRead,
  admitSync,
  admitTruncate,
  admitWrite,
  type FileContext,
} from './file-admission.ts';
import type { Attributes, FileStat } from './file-stat.ts';
import { requireOperationOptions } from './operation-arguments.ts';
import { OperationGate } from './operation-gate.ts';
import type { OperationOptions, SyncOptions } from './operation-options.ts';
import type { StorageFile } from './storage.ts';

/** Which bytes an operation is about, for its errors. */
interface Range {
  offset?: number;
  length?: number;
}

/**
 * The half of a StorageFile that is the same for every storage: arguments, flags, capabilities, signals, closing,
 * context of errors, emulated append. An adapter extends it with methods that only work: `_read` and the others are
 * called with good arguments, never after `close`, never with a signal that is aborted already, and may throw whatever
 * they like.
 */
export abstract class FileAdapter implements StorageFile {
  readonly path: string;
  readonly flags: number;
  protected readonly context: FileContext;
  readonly #gate = new OperationGate();
  /** Where the next write has to start when the storage has no random writes. */
  #sequentialEnd = 0;
  /** The last emulated append; the next one waits for it. */
  #lastAppend: Promise<unknown> = Promise.resolve();
  #closed: (() => void) | undefined;

  constructor(context: FileContext) {
    this.context = context;
    this.path = context.path;
    this.flags = context.flags;
  }

  get fd(): number | undefined {
    return this.#gate.isOpen ? this._fd : undefined;
  }

  async read(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    admitRead(this.context, buffer, offset, options);
    const range = { offset, length: buffer.byteLength };
    return this.#run('read', options, range, async (signal) => {
      if (buffer.byteLength === 0) return 0;
      const count = await this._read(buffer, offset, signal);
      this.#requireCount(count, count <= buffer.byteLength, 'read', range);
      return count;
    });
  }

  async write(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    admitWrite(this.context, buffer, offset, options);
    const range = { offset, length: buffer.byteLength };
    return this.#run('write', options, range, async (signal) => {
      if (buffer.byteLength === 0) return 0;
      if (this.context.capabilities.randomWrite) await this._write(buffer, offset, signal);
      else await this.#writeNext(buffer, offset, signal);
      return buffer.byteLength;
    });
  }

  async append(buffer: Uint8Array, options?: OperationOptions): Promise<number> {
    admitAppend(this.context, buffer, options);
    return this.#run('append', options, { length: buffer.byteLength }, async (signal) => {
      if (buffer.byteLength === 0) return 0;
      if (this.context.capabilities.append === 'atomic') await this._append(buffer, signal);
      else await this.#appendAtSize(buffer, signal);
      return buffer.byteLength;
    });
  }

  async size(options?: OperationOptions): Promise<number> {
    requireOperationOptions(options);
    return this.#run('size', options, {}, async (signal) => {
      const size = await this._size(signal);
      this.#requireCount(size, true, 'size', {});
      return size;
    });
  }

  async stat(options?: OperationOptions): Promise<FileStat> {
    requireOperationOptions(options);
    return this.#run('stat', options, {}, (signal) => this._stat(signal));
  }

  async setAttributes(attributes: Attributes, options?: OperationOptions): Promise<void> {
    admitFileAttributes(this.context, attributes, options);
    return this.#run('setAttributes', options, {}, (signal) => this._setAttributes(attributes, signal));
  }

  async truncate(size: number, options?: OperationOptions): Promise<void> {
    admitTruncate(this.context, size, options);
    return this.#run('truncate', options, { offset: size }, (signal) => this._truncate(size, signal));
  }

  async sync(options?: SyncOptions): Promise<void> {
    admitSync(options);
    return this.#run('sync', options, {}, (signal) => this._sync(options?.dataOnly ?? false, signal));
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      try {
        await this._close();
      } catch (thrown) {
        throw this.mapError(thrown, this.#details('close', {}));
      } finally {
        this.#closed?.();
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the storage that opened the file: `action` runs when it is closed. */
  whenClosed(action: () => void): void {
    this.#closed = action;
  }

  /** A descriptor for native I/O, where the storage has one. */
  protected get _fd(): number | undefined {
    return undefined;
  }

  /** Fills `buffer`, which is not empty, as far as the file goes. */
  protected abstract _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number>;
  /** Writes all of `buffer`, which is not empty. */
  protected abstract _write(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<void>;
  /** Only called where `append` is `atomic`. */
  protected abstract _append(buffer: Uint8Array, signal?: AbortSignal): Promise<void>;
  protected abstract _size(signal?: AbortSignal): Promise<number>;
  protected abstract _stat(signal?: AbortSignal): Promise<FileStat>;
  protected abstract _setAttributes(attributes: Attributes, signal?: AbortSignal): Promise<void>;
  protected abstract _truncate(size: number, signal?: AbortSignal): Promise<void>;
  protected abstract _sync(dataOnly: boolean, signal?: AbortSignal): Promise<void>;
  /** Called once, when no operation is running. */
  protected abstract _close(): Promise<void>;

  /** What a thrown value is as an error of this storage; the adapter's `error-map.ts`. */
  protected mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return systemError(thrown, details);
  }

  /** Runs one operation between the gate and the error map. */
  async #run<T>(
    operation: string,
    options: OperationOptions | undefined,
    range: Range,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const details = this.#details(operation, range);
    const signal = options?.signal;
    return this.#gate.run(details, async () => {
      throwIfAborted(signal, details);
      try {
        return await work(signal);
      } catch (thrown) {
        throw this.mapError(thrown, details);
      }
    });
  }

  #details(operation: string, range: Range): ErrorDetails {
    return { origin: this.context.origin, operation, path: this.path, ...range };
  }

  async #writeNext(buffer: Uint8Array, offset: number, signal: AbortSignal | undefined): Promise<void> {
    if (offset !== this.#sequentialEnd) {
      const detail = `the storage writes in order only, next at byte ${this.#sequentialEnd}`;
      throw new ConveyorError('ENOTSUP', { ...this.#details('write', { offset, length: buffer.byteLength }), detail });
    }
    const end = offset + buffer.byteLength;
    this.#sequentialEnd = end;
    try {
      await this._write(buffer, offset, signal);
    } catch (thrown) {
      // Nobody has gone on behind the failed write: it may be tried again.
      if (this.#sequentialEnd === end) this.#sequentialEnd = offset;
      throw thrown;
    }
  }

  async #appendAtSize(buffer: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const work = this.#lastAppend.then(async () => {
      throwIfAborted(signal, this.#details('append', { length: buffer.byteLength }));
      await this._write(buffer, await this._size(signal), signal);
    });
    this.#lastAppend = work.catch(() => undefined);
    return work;
  }

  /** A count that cannot be true is the adapter's fault, and is not handed on. */
  #requireCount(count: unknown, plausible: boolean, operation: string, range: Range): void {
    if (Number.isSafeInteger(count) && (count as number) >= 0 && plausible) return;
    const detail = `it answered ${String(count)}`;
    throw new ConveyorError('ERR_CONVEYOR_BACKEND_CONTRACT', { ...this.#details(operation, range), detail });
  }
}
