import { argumentTypeError, requireFunction, requireOptions } from '@libconveyor/errors';
import type { DirectoryEntry } from '../file-stat.ts';
import type { Storage } from '../storage.ts';
import { type Clock, systemClock } from './clock.ts';
import { InterceptedStorage } from './intercepted.ts';
import type { Call, Interceptor, OperationName, Proceed } from './interceptor.ts';

/** An operation began. */
export interface OperationStart {
  /** Counts the operations of the layer from 0; start and end have the same. */
  readonly id: number;
  readonly operation: OperationName;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  /** Bytes asked for. */
  readonly length: number | undefined;
  /** By the layer's clock. */
  readonly startMs: number;
}

/** An operation ended: every start has exactly one end. */
export interface OperationEnd extends OperationStart {
  readonly durationMs: number;
  /** Bytes read, written or appended; 0 for the rest and for failures. */
  readonly bytes: number;
  /** What it was rejected with; undefined when it went well. */
  readonly error: unknown;
}

/**
 * Who is told. Called in turn with the operation, before it begins and after it ended; should only count and return.
 * What it throws goes to the process as an uncaught exception, not into the operation.
 */
export interface StorageObserver {
  operationStarted?(start: OperationStart): void;
  operationEnded?(end: OperationEnd): void;
}

/**
 * A storage that tells an observer about every operation; a listing lasts until its last entry, or until nobody wants
 * more. Files have no `fd` here, because nobody would see native I/O.
 *
 * Errors: TypeError for nonsense in the arguments.
 */
export function withObservation(storage: Storage, observer: StorageObserver, options: { clock?: Clock } = {}): Storage {
  if (typeof observer !== 'object' || observer === null) throw argumentTypeError('observer', 'an object', observer);
  const { operationStarted, operationEnded } = observer;
  if (operationStarted !== undefined) requireFunction('observer.operationStarted', operationStarted);
  if (operationEnded !== undefined) requireFunction('observer.operationEnded', operationEnded);
  requireOptions('options', options, ['clock']);
  return new InterceptedStorage(storage, 'with-observation', new Observation(observer, options.clock ?? systemClock));
}

const carriers: ReadonlySet<OperationName> = new Set(['read', 'write', 'append']);

class Observation implements Interceptor {
  readonly #observer: StorageObserver;
  readonly #clock: Clock;
  #started = 0;

  constructor(observer: StorageObserver, clock: Clock) {
    this.#observer = observer;
    this.#clock = clock;
  }

  async around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    const start = this.#start(call);
    try {
      const result = await proceed();
      this.#end(start, carriers.has(call.operation) ? Number(result) : 0, undefined);
      return result;
    } catch (thrown) {
      this.#end(start, 0, thrown);
      throw thrown;
    }
  }

  async *aroundList(call: Call, begin: () => AsyncIterable<DirectoryEntry>): AsyncGenerator<DirectoryEntry> {
    const start = this.#start(call);
    let error: unknown;
    try {
      yield* begin();
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      this.#end(start, 0, error);
    }
  }

  #start({ operation, path, offset, length }: Call): OperationStart {
    const start = { id: this.#started++, operation, path, offset, length, startMs: this.#clock.nowMs() };
    this.#tell(() => this.#observer.operationStarted?.(start));
    return start;
  }

  #end(start: OperationStart, bytes: number, error: unknown): void {
    const end = { ...start, durationMs: this.#clock.nowMs() - start.startMs, bytes, error };
    this.#tell(() => this.#observer.operationEnded?.(end));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown;
      });
    }
  }
}
