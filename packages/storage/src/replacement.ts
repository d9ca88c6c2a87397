import { ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import { throwIfAborted } from './abort.ts';
import type { Attributes, FileStat } from './file-stat.ts';
import { requireOperationOptions } from './operation-arguments.ts';
import { OperationGate } from './operation-gate.ts';
import type { OperationOptions, SyncOptions } from './operation-options.ts';
import type { StorageFile, StorageReplacement } from './storage.ts';

/** How a storage gives the file its name, or does without it. */
export interface ReplacementSteps {
  /** Makes the bytes durable and puts them under the name in one step. When it rejects, it may be called again. */
  publish(signal: AbortSignal | undefined): Promise<void>;
  /** Removes what is left of a file that was never published; its open file is closed already. Called once at most. */
  drop(): Promise<void>;
  /** The adapter's `error-map.ts`. */
  mapError?(thrown: unknown, details: ErrorDetails): ConveyorError;
}

/** The {@link StorageReplacement} of every adapter: an open file, and the two steps that end it. */
export class Replacement implements StorageReplacement {
  readonly #file: StorageFile;
  readonly #steps: ReplacementSteps;
  readonly #origin: string;
  readonly #gate = new OperationGate();
  #committed = false;
  #closed: (() => void) | undefined;

  /** @param file The bytes, open for reading and writing; from here on the replacement's own. */
  constructor(origin: string, file: StorageFile, steps: ReplacementSteps) {
    this.#origin = origin;
    this.#file = file;
    this.#steps = steps;
  }

  get path(): string {
    return this.#file.path;
  }

  get flags(): number {
    return this.#file.flags;
  }

  get fd(): number | undefined {
    return this.#gate.isOpen ? this.#file.fd : undefined;
  }

  read(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    return this.#gate.run(this.#details('read'), () => this.#file.read(buffer, offset, options));
  }

  write(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    return this.#gate.run(this.#details('write'), () => this.#file.write(buffer, offset, options));
  }

  append(buffer: Uint8Array, options?: OperationOptions): Promise<number> {
    return this.#gate.run(this.#details('append'), () => this.#file.append(buffer, options));
  }

  size(options?: OperationOptions): Promise<number> {
    return this.#gate.run(this.#details('size'), () => this.#file.size(options));
  }

  stat(options?: OperationOptions): Promise<FileStat> {
    return this.#gate.run(this.#details('stat'), () => this.#file.stat(options));
  }

  setAttributes(attributes: Attributes, options?: OperationOptions): Promise<void> {
    return this.#gate.run(this.#details('setAttributes'), () => this.#file.setAttributes(attributes, options));
  }

  truncate(size: number, options?: OperationOptions): Promise<void> {
    return this.#gate.run(this.#details('truncate'), () => this.#file.truncate(size, options));
  }

  sync(options?: SyncOptions): Promise<void> {
    return this.#gate.run(this.#details('sync'), () => this.#file.sync(options));
  }

  async commit(options?: OperationOptions): Promise<void> {
    requireOperationOptions(options);
    const details = this.#details('commit');
    const signal = options?.signal;
    await this.#gate.passLast(details, async () => {
      throwIfAborted(signal, details);
      await this.#mapped(details, () => this.#steps.publish(signal));
      this.#committed = true;
    });
    await this.close();
  }

  async abort(): Promise<void> {
    if (this.#committed) {
      throw new ConveyorError('EBADF', { ...this.#details('abort'), kind: 'closed', detail: 'it is committed' });
    }
    await this.close();
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      try {
        await this.#file.close();
      } finally {
        // Asked at the end: a commit that was under way when close came has been waited for.
        if (!this.#committed) await this.#mapped(this.#details('abort'), () => this.#steps.drop());
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

  async #mapped(details: ErrorDetails, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      throw this.#steps.mapError?.(thrown, details) ?? systemError(thrown, details);
    }
  }

  #details(operation: string): ErrorDetails {
    return { origin: this.#origin, operation, path: this.path };
  }
}
