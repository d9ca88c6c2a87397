import { setMaxListeners } from 'node:events';
import { argumentRangeError, argumentTypeError, type ConveyorError, requireInteger } from '@libconveyor/errors';
import type { EventLog } from './event-log.ts';
import { Gate } from './gate.ts';
import type { StagingProgress, StagingState } from './staging-progress.ts';
import { closedError } from './temp-file.ts';
import type { TempFileStore } from './temp-file-store.ts';

/**
 * One opener's view of a staged source. Others may have the same source open; closing this one ends its own reads only.
 *
 * Errors: ConveyorError; EBADF after `close` and for reads that wait when it comes; ECANCELED, or ETIMEDOUT for
 * `AbortSignal.timeout`, by a signal; else what the source failed with, which is the `cause`.
 * Threads: one JavaScript thread; any number of operations at once.
 */
export class StagedFile implements AsyncDisposable {
  readonly #store: TempFileStore;
  readonly #log: EventLog;
  readonly #release: () => Promise<void>;
  readonly #gate = new Gate();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  /** Use `stage` or {@link StagingManager.stage}. */
  constructor(store: TempFileStore, log: EventLog, release: () => Promise<void>) {
    this.#store = store;
    this.#log = log;
    this.#release = release;
    setMaxListeners(0, this.#closed.signal); // any number of reads may wait
  }

  /** Name of the source. */
  get name(): string {
    return this.#store.source.name;
  }

  get state(): StagingState {
    return this.#gate.isOpen ? this.#store.state : 'closed';
  }

  /** Length of the source in bytes, undefined until somebody knows. See {@link whenSized}. */
  get size(): number | undefined {
    return this.#store.size;
  }

  /** What the fetch failed with, while the state is `failed`. */
  get failure(): ConveyorError | undefined {
    return this.#store.failure;
  }

  /** How far the store is. */
  get progress(): StagingProgress {
    return { ...this.#store.progress, state: this.state };
  }

  /**
   * Fills `buffer` with the bytes from `offset` on, as soon as they are there. Resolves with its length, less only
   * where the source ends, 0 at or behind its end. When it has settled, nothing touches the buffer any more.
   * Clauses: T1 to T5.
   */
  async readAt(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    if (!(buffer instanceof Uint8Array)) throw argumentTypeError('buffer', 'a Uint8Array', buffer);
    requireInteger('offset', offset, 0);
    if (!Number.isSafeInteger(offset + buffer.byteLength)) throw argumentRangeError('offset', 'in range', offset);
    const detail = `bytes ${offset}-${offset + buffer.byteLength - 1}`;
    return this.#inside('read', detail, signal, async (signals) => {
      return buffer.byteLength === 0 ? 0 : this.#store.read(buffer, offset, signals);
    });
  }

  /** Resolves with the size as soon as it is known, which may be at the end. */
  async whenSized(signal?: AbortSignal): Promise<number> {
    return this.#inside('size', '', signal, async (signals) => {
      await this.#store.until(() => this.#store.size !== undefined || this.#throwFailure(), signals, 'size');
      return this.#store.size as number;
    });
  }

  /** Resolves when all bytes are on the disk. Without room there (`unstaged`) that may never be. */
  async whenComplete(signal?: AbortSignal): Promise<void> {
    await this.#inside('complete', '', signal, async (signals) => {
      await this.#store.until(() => this.#store.state === 'complete' || this.#throwFailure(), signals, 'complete');
    });
  }

  /**
   * Resolves with the progress when its level is beyond `level`: at once when it is already, so that nothing is missed.
   * Clause: T3.
   */
  async changed(level: number, signal?: AbortSignal): Promise<StagingProgress> {
    requireInteger('level', level, 0);
    return this.#inside('progress', `beyond level ${level}`, signal, async (signals) => {
      await this.#store.until(() => this.#store.progress.level > level, signals, 'progress');
      return this.progress;
    });
  }

  /**
   * Goes on fetching where it has failed; does nothing in any other state, nor where the source has changed: then what
   * has arrived has no continuation, and only a new store helps. Errors: throws EBADF after `close`. Clause: T5.
   */
  retry(): void {
    if (!this.#gate.isOpen) throw closedError('retry', this.name);
    if (this.#store.state === 'failed') this.#store.resume();
  }

  /**
   * Refuses new operations, ends those that wait, lets those that read finish, and lets go of the store. Takes bounded
   * time whatever the source does; twice is once. Clause: T4.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeOnce(): Promise<void> {
    const drained = this.#gate.close();
    this.#closed.abort(closedError('read', this.name));
    await drained;
    await this.#release();
  }

  async #inside<T>(
    operation: string,
    detail: string,
    signal: AbortSignal | undefined,
    work: (signals: readonly (AbortSignal | undefined)[]) => Promise<T>,
  ): Promise<T> {
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw argumentTypeError('signal', 'an AbortSignal', signal);
    }
    if (!this.#gate.enter()) throw closedError(operation, this.name);
    const id = this.#log.enter(operation, this.name, detail);
    let outcome = 'done';
    try {
      return await work([this.#closed.signal, signal]);
    } catch (thrown) {
      outcome = thrown instanceof Error ? thrown.message : 'failed';
      throw thrown;
    } finally {
      this.#log.exit(id, outcome);
      this.#gate.leave();
    }
  }

  /** For conditions: a fetch that has failed will not bring what is waited for. */
  #throwFailure(): false {
    if (this.#store.failure !== undefined) throw this.#store.failure;
    return false;
  }
}
