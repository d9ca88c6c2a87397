import { addAbortSignal, Readable } from 'node:stream';
import { argumentRangeError, requireBoolean, requireInteger, requireOptions } from '@libconveyor/errors';
import { attachStream, detachStream } from './attached-streams.ts';
import type { ConveyorFileHandle } from './file-handle.ts';
import { requireEncoding, requireSignal } from './transfer-arguments.ts';

/** Options of `createReadStream`, as node:fs has them. */
export interface ReadStreamOptions {
  /** Default: buffers. */
  encoding?: BufferEncoding | undefined;
  /** First byte, from 0. Default: the cursor, which then moves along. */
  start?: number | undefined;
  /** Last byte, inclusive. Default: the end of file. */
  end?: number | undefined;
  /** Bytes buffered in the stream. Default 64 KiB. */
  highWaterMark?: number | undefined;
  /** Closes the handle when the stream ends or fails. Default true. */
  autoClose?: boolean | undefined;
  /** Default true. */
  emitClose?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

const optionNames = ['encoding', 'start', 'end', 'highWaterMark', 'autoClose', 'emitClose', 'signal'] as const;
const highWaterMarkDefault = 65_536;

/** A part of a file as a Node stream. */
export class FileReadStream extends Readable {
  readonly #handle: ConveyorFileHandle;
  readonly #autoClose: boolean;
  readonly #last: number;
  #position: number | undefined;
  #reading: Promise<void> = Promise.resolve();
  readonly #givingUp = new AbortController();
  /** Bytes read so far. */
  bytesRead = 0;

  /** Errors: TypeError, RangeError. */
  constructor(handle: ConveyorFileHandle, options: ReadStreamOptions = {}) {
    requireOptions('options', options, optionNames);
    const { encoding, start, end, highWaterMark = highWaterMarkDefault, autoClose = true, emitClose = true } = options;
    if (start !== undefined) requireInteger('options.start', start, 0);
    if (end !== undefined && end !== Number.POSITIVE_INFINITY) requireInteger('options.end', end, 0);
    if (end !== undefined && start !== undefined && start > end) {
      throw argumentRangeError('options.start', `at most options.end (${end})`, start);
    }
    requireInteger('options.highWaterMark', highWaterMark, 1);
    requireBoolean('options.autoClose', autoClose);
    requireBoolean('options.emitClose', emitClose);
    const signal = requireSignal(options.signal);
    super({
      highWaterMark,
      emitClose,
      autoDestroy: autoClose,
      ...(encoding === undefined ? {} : { encoding: requireEncoding('options.encoding', encoding) }),
    });
    this.#handle = handle;
    this.#autoClose = autoClose;
    this.#position = start;
    this.#last = end ?? Number.POSITIVE_INFINITY;
    attachStream(handle, this);
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  get path(): string {
    return this.#handle.path;
  }

  override _read(size: number): void {
    const from = this.#position ?? this.bytesRead;
    const length = Math.min(size, this.#last - from + 1);
    if (length <= 0) this.push(null);
    else this.#reading = this.#readPiece(length);
  }

  async #readPiece(length: number): Promise<void> {
    try {
      const piece = Buffer.allocUnsafeSlow(length);
      const options = { position: this.#position, signal: this.#givingUp.signal };
      const { bytesRead } = await this.#handle.read(piece, options);
      if (this.#position !== undefined) this.#position += bytesRead;
      this.bytesRead += bytesRead;
      if (!this.destroyed) this.push(bytesRead === 0 ? null : piece.subarray(0, bytesRead));
    } catch (thrown) {
      this.destroy(thrown as Error);
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#release().then(
      () => callback(error),
      (thrown) => callback(error ?? thrown),
    );
  }

  async #release(): Promise<void> {
    this.#givingUp.abort();
    await this.#reading;
    detachStream(this.#handle, this);
    if (this.#autoClose) await this.#handle.close();
  }

  /** Ends the stream early. */
  close(callback?: () => void): void {
    if (callback !== undefined) this.once('close', callback);
    this.destroy();
  }
}
