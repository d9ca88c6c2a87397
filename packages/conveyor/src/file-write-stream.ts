import { addAbortSignal, Writable } from 'node:stream';
import { requireBoolean, requireInteger, requireOptions } from '@libconveyor/errors';
import { attachStream, detachStream } from './attached-streams.ts';
import type { ConveyorFileHandle } from './file-handle.ts';
import { requireEncoding, requireSignal } from './transfer-arguments.ts';

/** Options of `createWriteStream`, as node:fs has them. */
export interface WriteStreamOptions {
  /** Of strings. Default utf8. */
  encoding?: BufferEncoding | undefined;
  /** First byte, from 0. Default: the cursor, which then moves along. */
  start?: number | undefined;
  /** Bytes buffered in the stream before `write` asks to wait. Default 64 KiB. */
  highWaterMark?: number | undefined;
  /** Closes the handle when the stream has finished or failed. Default true. */
  autoClose?: boolean | undefined;
  /** Default true. */
  emitClose?: boolean | undefined;
  /** Syncs before it closes. Default false; closing a handle syncs by itself unless its durability says less. */
  flush?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

const optionNames = ['encoding', 'start', 'highWaterMark', 'autoClose', 'emitClose', 'flush', 'signal'] as const;
const highWaterMarkDefault = 65_536;

/**
 * A file as a Node stream. `finish` means that all bytes are accepted and have landed; a failure of the write-behind is
 * an `error` of the stream, never silence.
 */
export class FileWriteStream extends Writable {
  readonly #handle: ConveyorFileHandle;
  readonly #autoClose: boolean;
  readonly #syncs: boolean;
  #position: number | undefined;
  #writing: Promise<void> = Promise.resolve();
  readonly #givingUp = new AbortController();
  /** Bytes accepted so far. */
  bytesWritten = 0;

  /** Errors: TypeError, RangeError. */
  constructor(handle: ConveyorFileHandle, options: WriteStreamOptions = {}) {
    requireOptions('options', options, optionNames);
    const { encoding, start, highWaterMark = highWaterMarkDefault } = options;
    const { autoClose = true, emitClose = true, flush = false } = options;
    if (start !== undefined) requireInteger('options.start', start, 0);
    requireInteger('options.highWaterMark', highWaterMark, 1);
    requireBoolean('options.autoClose', autoClose);
    requireBoolean('options.emitClose', emitClose);
    requireBoolean('options.flush', flush);
    const signal = requireSignal(options.signal);
    super({
      highWaterMark,
      emitClose,
      autoDestroy: autoClose,
      decodeStrings: true,
      ...(encoding === undefined ? {} : { defaultEncoding: requireEncoding('options.encoding', encoding) }),
    });
    this.#handle = handle;
    this.#autoClose = autoClose;
    this.#syncs = flush;
    this.#position = start;
    attachStream(handle, this);
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  get path(): string {
    return this.#handle.path;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#writing = this.#writeAll([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#writing = this.#writeAll(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    const landed = this.#syncs ? this.#handle.sync() : this.#handle.flush();
    landed.then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#release().then(
      () => callback(error),
      (thrown) => callback(error ?? thrown),
    );
  }

  async #writeAll(chunks: Buffer[], callback: (error?: Error | null) => void): Promise<void> {
    try {
      for (const chunk of chunks) await this.#writeChunk(chunk);
    } catch (thrown) {
      callback(thrown as Error);
      return;
    }
    callback();
  }

  async #writeChunk(chunk: Buffer): Promise<void> {
    for (let done = 0; done < chunk.byteLength; ) {
      const options = { offset: done, position: this.#position, signal: this.#givingUp.signal };
      const { bytesWritten } = await this.#handle.write(chunk, options);
      done += bytesWritten;
      this.bytesWritten += bytesWritten;
      if (this.#position !== undefined) this.#position += bytesWritten;
    }
  }

  async #release(): Promise<void> {
    this.#givingUp.abort();
    await this.#writing;
    detachStream(this.#handle, this);
    if (this.#autoClose) await this.#handle.close();
  }

  /** Ends the stream after what has been written; calls back when it is closed. */
  close(callback?: (error?: Error) => void): void {
    if (callback !== undefined) {
      if (this.closed) {
        process.nextTick(callback);
        return;
      }
      this.once('close', callback);
    }
    if (!this.#autoClose) this.once('finish', () => this.destroy());
    this.end();
  }
}
