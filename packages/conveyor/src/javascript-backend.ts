import { ConveyorError, systemError } from '@libconveyor/errors';
import type { Capabilities, StorageFile } from '@libconveyor/storage';
import { capabilityBit, ioKind } from './native-binding.ts';
import { ReadBuffers } from './read-buffers.ts';

/** What the engine asks of a storage; see `conveyor_io_t`. */
export interface IoRequest {
  readonly kind: number;
  readonly buffer: Uint8Array | undefined;
  readonly offset: number;
  readonly count: number;
  readonly dataOnly: boolean;
}

/** Takes the answers of a {@link JavaScriptBackend}: a count or -errno, and what was read. */
export interface BackendAnswers {
  complete(handle: number, io: number, result: number, isRetryable: boolean, memory: Uint8Array | undefined): unknown;
}

const operationNames = ['', 'read', 'write', 'append', 'size', 'truncate', 'sync', 'close'] as const;
const eio = 5;
/** Of all handles. */
const readBuffers = new ReadBuffers();

/**
 * Answers the engine's requests with the methods of a StorageFile. The errors of the storage are kept, so that the
 * error which reaches a caller later can name them as its cause.
 *
 * Threads: one JavaScript thread; the storage may finish in any order.
 */
export class JavaScriptBackend {
  readonly #native: BackendAnswers;
  readonly #file: StorageFile;
  readonly #bytesMax: number;
  readonly #closesFile: boolean;
  readonly #errors = new Map<number, ConveyorError>();
  #handle = 0;

  /**
   * @param closesFile Whether the file is closed with the handle.
   */
  constructor(native: BackendAnswers, file: StorageFile, capabilities: Capabilities, closesFile: boolean) {
    this.#native = native;
    this.#file = file;
    this.#bytesMax = capabilities.io.maxBytes;
    this.#closesFile = closesFile;
  }

  /** Requires: called once, before the engine asks for anything. */
  bind(handle: number): void {
    this.#handle = handle;
  }

  /** The last error of the storage with this (positive) errno. */
  errorOf(errno: number): ConveyorError | undefined {
    return this.#errors.get(errno);
  }

  /** Takes a request of the engine, to be answered once. */
  accept(io: number, request: IoRequest): void {
    if (request.kind === ioKind.read) {
      this.#read(io, request);
      return;
    }
    this.#perform(request).then(
      (result) => this.#native.complete(this.#handle, io, result, false, undefined),
      (thrown) => this.#fail(io, request, thrown),
    );
  }

  #read(io: number, request: IoRequest): void {
    const memory = readBuffers.take(request.count);
    const target = memory.subarray(0, request.count);
    this.#readAll(target, request.offset).then(
      (result) => {
        // The engine has copied what counts when this returns.
        this.#native.complete(this.#handle, io, result, false, target);
        readBuffers.giveBack(memory);
      },
      (thrown) => {
        // Who fails may have left something behind that still writes.
        readBuffers.lose();
        this.#fail(io, request, thrown);
      },
    );
  }

  async #perform(request: IoRequest): Promise<number> {
    const { kind, offset, buffer } = request;
    if (kind === ioKind.write && buffer !== undefined) {
      // The engine continues a short count.
      const part = buffer.subarray(0, this.#bytesMax);
      return honest(await this.#file.write(part, offset), part.byteLength, 'write');
    }
    if (kind === ioKind.append && buffer !== undefined) {
      const part = buffer.subarray(0, this.#bytesMax);
      return honest(await this.#file.append(part), part.byteLength, 'append');
    }
    if (kind === ioKind.size) return honest(await this.#file.size(), Number.MAX_SAFE_INTEGER, 'size');
    if (kind === ioKind.truncate) await this.#file.truncate(offset);
    if (kind === ioKind.sync) await this.#file.sync({ dataOnly: request.dataOnly });
    if (kind === ioKind.close && this.#closesFile) await this.#file.close();
    return 0;
  }

  async #readAll(target: Uint8Array, offset: number): Promise<number> {
    let done = 0;
    while (done < target.byteLength) {
      const part = target.subarray(done, done + this.#bytesMax);
      const count = honest(await this.#file.read(part, offset + done), part.byteLength, 'read');
      done += count;
      if (count < part.byteLength) break;
    }
    return done;
  }

  #fail(io: number, request: IoRequest, thrown: unknown): void {
    const operation = operationNames[request.kind] ?? 'read';
    const error = systemError(thrown, { origin: 'storage', operation, path: this.#file.path });
    // Codes of our own have no errno; the engine knows them as EIO.
    const errno = error.errno === undefined ? eio : -error.errno;
    this.#errors.set(errno, error);
    this.#native.complete(this.#handle, io, -errno, error.retry === 'safe', undefined);
  }
}

/** What `conveyor_create_async` may ask for. */
export function capabilityBits(capabilities: Capabilities): number {
  const append = capabilities.append === 'none' ? 0 : capabilityBit.append;
  const truncate = capabilities.truncate ? capabilityBit.truncate : 0;
  return append | truncate | capabilityBit.sync;
}

/** Refuses a count that the contract of StorageFile excludes, before it reaches the engine. */
function honest(result: unknown, max: number, operation: string): number {
  if (typeof result === 'number' && Number.isInteger(result) && result >= 0 && result <= max) return result;
  throw new ConveyorError('ERR_CONVEYOR_BACKEND_CONTRACT', {
    origin: 'storage',
    operation,
    detail: `it resolved with ${String(result)}, allowed are 0 to ${max}`,
  });
}
