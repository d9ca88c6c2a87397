import { ConveyorError, type ErrorDetails, errnoError } from '@libconveyor/errors';
import { abortError, type StorageFile } from '@libconveyor/storage';
import type { JavaScriptBackend } from './javascript-backend.ts';
import { ioKind, type NativeBinding, type NativeErrorInfo, pendingBase } from './native-binding.ts';
import { awaitSlot, disconnectBackend } from './native-session.ts';
import { ObservedHandle } from './observed-handle.ts';

/** What `sync` and `close` promise. Clause: F10. */
export type Durability = 'stored' | 'staged' | 'memory';

/**
 * What an operation waits for: the storage's bytes, room for bytes, or that bytes land. Those that wait for bytes or
 * room are given up when the handle is closed (clause F6); each has a time limit of its own (clause F9).
 */
export type Wait = 'bytes' | 'room' | 'landing';

/** Longest waits in milliseconds; undefined: for ever. */
export type WaitLimits = Readonly<Record<Wait, number | undefined>>;

/** What an error of an operation says, and what may end it early. */
export interface Request {
  readonly operation: string;
  /** Default `landing`. */
  readonly waitsFor?: Wait | undefined;
  /** Where in the file, as far as the caller said. */
  readonly offset?: number | undefined;
  readonly length?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes moved as soon as a pending operation is settled, before its memory is used again. */
  readonly collect?: ((slot: number) => number) | undefined;
  /** Memory that the engine uses until the operation is settled. */
  readonly memory?: Uint8Array | undefined;
}

export interface EngineHandleOptions {
  readonly id: number;
  readonly file: StorageFile;
  /** Of the storage. */
  readonly scheme: string;
  readonly backend: JavaScriptBackend | undefined;
  readonly durability: Durability;
  readonly waitLimits: WaitLimits;
  readonly closesFile: boolean;
}

const eBadf = 9;
const eNotSup = 95;
const eTimedOut = 110;
const eCanceled = 125;
const operationNames = ['', 'read', 'write', 'append', 'size', 'truncate', 'sync', 'close'] as const;
/** Operations that are refused because of a write behind, or bring its error to light. */
const landing: ReadonlySet<string> = new Set([
  'write',
  'writev',
  'writeFile',
  'truncate',
  'flush',
  'sync',
  'datasync',
  'close',
]);

/**
 * One handle of the engine with everything that must outlive the object its user holds: what is open behind it, what
 * waits for it, and how it is closed.
 */
export class EngineHandle {
  readonly native: NativeBinding;
  readonly file: StorageFile;
  readonly #backend: JavaScriptBackend | undefined;
  readonly #durability: Durability;
  readonly #closesFile: boolean;
  readonly #waitLimits: WaitLimits;
  readonly #waiting = new Set<number>();
  readonly #engineId: number;
  readonly #observed: ObservedHandle;
  #landed = 0;
  #synced = 0;
  #isOpen = true;

  /** The number for calls of the addon; 0, which is refused as EBADF, while the handle closes and afterwards. */
  id: number;
  /** How many changes were asked for; whoever starts one counts it here. */
  changes = 0;

  constructor(native: NativeBinding, { id, file, scheme, backend, ...options }: EngineHandleOptions) {
    this.native = native;
    this.id = id;
    this.#engineId = id;
    this.file = file;
    this.#backend = backend;
    this.#durability = options.durability;
    this.#waitLimits = options.waitLimits;
    this.#closesFile = options.closesFile;
    this.#observed = new ObservedHandle(this, scheme);
  }

  get path(): string {
    return this.file.path;
  }

  /** Whether accepted bytes may not have landed yet. */
  get mayBeDirty(): boolean {
    return this.#landed !== this.changes;
  }

  /** False once `close` has ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * The result of an operation that a call of the addon has just started, or ended.
   *
   * Requires: called in the same turn as the addon, with what it returned.
   * Errors: a ConveyorError for every result below 0.
   */
  finish(outcome: number, request: Request): Promise<number> {
    if (outcome > pendingBase) {
      return outcome >= 0 ? Promise.resolve(outcome) : Promise.reject(this.errorFor(outcome, request));
    }
    return this.#settled(pendingBase - outcome, request).then((result) => {
      if (result >= 0) return result;
      throw this.errorFor(result, request);
    });
  }

  /** Resolves with what the operation in a slot ends with; never rejects. */
  #settled(slot: number, request: Request): Promise<number> {
    const { signal, waitsFor = 'landing', collect, memory } = request;
    let isLate = false;
    const giveUp = (): void => {
      this.native.cancel(slot);
    };
    const limitMs = this.#waitLimits[waitsFor];
    const timer =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            giveUp();
          }, limitMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (waitsFor !== 'landing') this.#waiting.add(slot);
    const exit = this.#observed.enter(request);
    return new Promise((resolve) => {
      const waiter = (settled: number): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiting.delete(slot);
        const result = settled === -eCanceled && isLate ? -eTimedOut : settled;
        exit?.(result);
        resolve(result > 0 && collect !== undefined ? collect(slot) : result);
      };
      awaitSlot(slot, waiter, memory);
    });
  }

  /** Throws when the signal has been aborted already: nothing is done then. */
  requireNotAborted(signal: AbortSignal | undefined, operation: string): void {
    if (signal?.aborted) throw abortError(signal, this.#details({ operation }));
  }

  /** Waits until everything accepted so far has landed. Clause: F1. */
  async flush(signal?: AbortSignal): Promise<void> {
    this.requireNotAborted(signal, 'flush');
    await this.#flush(this.id, signal);
  }

  /** Flush, then the backend's own sync. Clause: F2. */
  async sync(dataOnly: boolean, signal?: AbortSignal): Promise<void> {
    const operation = dataOnly ? 'datasync' : 'sync';
    this.requireNotAborted(signal, operation);
    await this.#sync(this.id, dataOnly, { operation, signal });
  }

  /**
   * Refuses new operations, gives waiting reads and writes up, lands and (durability `stored`) syncs what was
   * accepted, closes the engine's handle and the file. Clauses: F5, F6, F10.
   *
   * Errors: the first one met. The handle is closed nevertheless, except after ETIMEDOUT, which leaves it open as it
   * was.
   */
  async close(): Promise<void> {
    const id = this.#engineId;
    this.id = 0;
    for (const slot of this.#waiting) this.native.cancel(slot);
    try {
      const failure = await this.#landForClose(id);
      const closeFailure = await this.#closeEngine(id);
      this.#isOpen = false;
      const fileFailure = await this.#closeFile();
      const first = failure ?? closeFailure ?? fileFailure;
      this.#observed.closed(first);
      if (first !== undefined) throw first;
    } finally {
      if (this.#isOpen) this.id = id;
    }
  }

  /**
   * Lands what was accepted when no JavaScript will run any more, and blocks for it. Returns why bytes are lost, if
   * they are: a storage in JavaScript cannot take them.
   */
  flushAtExit(): ConveyorError | undefined {
    const result = this.native.flushSync(this.#engineId);
    if (result >= 0) return undefined;
    if (result !== -eNotSup) return this.errorFor(result, { operation: 'flush' });
    const stats = this.native.stats(this.#engineId);
    const isClean = typeof stats === 'number' || stats.dirtyBytes === 0;
    return isClean ? undefined : this.errorFor(-eCanceled, { operation: 'flush', length: stats.dirtyBytes });
  }

  /** The sticky error with its byte range, or undefined. Clauses: F4, F8. */
  stickyError(operation: string): ConveyorError | undefined {
    const info = this.#errorInfo(this.#engineId);
    return info === undefined || info.errno === 0 ? undefined : this.#stickyError(info, operation);
  }

  /** Tries the bytes again that the sticky error keeps from landing. Errors: EBADF. Clause: F4. */
  clearError(): void {
    const result = this.native.clearError(this.id);
    if (result < 0) throw this.errorFor(result, { operation: 'clearError' });
  }

  /** Counters and histograms, without a new window. @returns Whether the engine could tell. Clause: O3. */
  observe(values: Float64Array, histograms?: Float64Array): boolean {
    return this.native.observe(this.#engineId, values, histograms) === 0;
  }

  /** The error for a result below 0. */
  errorFor(result: number, request: Request): ConveyorError {
    const errno = -result;
    const details = this.#details(request);
    if (errno === eCanceled && request.signal?.aborted) return abortError(request.signal, details);
    if (this.id === 0 && (errno === eCanceled || errno === eBadf)) {
      return errnoError(eBadf, { ...details, kind: 'closed', detail: 'the handle is closed' });
    }
    if (errno === eBadf) return errnoError(errno, { ...details, kind: 'invalid', detail: this.#wrongMode() });
    const info = landing.has(request.operation) ? this.#errorInfo(this.#engineId) : undefined;
    if (info !== undefined && info.errno === errno) return this.#stickyError(info, request.operation);
    return errnoError(errno, { ...details, ...this.#causeOf(errno) });
  }

  async #flush(id: number, signal?: AbortSignal): Promise<void> {
    const changes = this.changes;
    await this.finish(this.native.flush(id), { operation: 'flush', signal });
    this.#landed = Math.max(this.#landed, changes);
  }

  async #sync(id: number, dataOnly: boolean, request: Request): Promise<void> {
    const changes = this.changes;
    await this.finish(this.native.sync(id, dataOnly), request);
    this.#landed = Math.max(this.#landed, changes);
    this.#synced = Math.max(this.#synced, changes);
  }

  /** Returns the failure instead of throwing it, unless the handle stays open. */
  async #landForClose(id: number): Promise<unknown> {
    const hasNothingToSync = this.#synced === this.changes || this.#durability !== 'stored';
    if (hasNothingToSync && !this.mayBeDirty) return undefined;
    try {
      if (hasNothingToSync) await this.#flush(id);
      else await this.#sync(id, false, { operation: 'close' });
      return undefined;
    } catch (thrown) {
      if (thrown instanceof ConveyorError && thrown.code === 'ETIMEDOUT') throw thrown;
      return thrown;
    }
  }

  async #closeEngine(id: number): Promise<unknown> {
    this.#observed.leave();
    const outcome = this.native.close(id);
    const result = outcome > pendingBase ? outcome : await this.#settled(pendingBase - outcome, { operation: 'close' });
    if (result === -eTimedOut) {
      this.#observed.stay();
      throw this.#closeError(eTimedOut);
    }
    disconnectBackend(id);
    return result < 0 ? this.#closeError(-result) : undefined;
  }

  #closeError(errno: number): ConveyorError {
    return errnoError(errno, { ...this.#details({ operation: 'close' }), ...this.#causeOf(errno) });
  }

  /** The engine has closed a file behind a backend in JavaScript itself. */
  async #closeFile(): Promise<unknown> {
    if (this.#backend !== undefined || !this.#closesFile) return undefined;
    try {
      await this.file.close();
      return undefined;
    } catch (thrown) {
      return thrown;
    }
  }

  #errorInfo(id: number): NativeErrorInfo | undefined {
    const info = this.native.errorInfo(id);
    return typeof info === 'number' ? undefined : info;
  }

  #stickyError(info: NativeErrorInfo, operation: string): ConveyorError {
    const name = info.operation === 0 ? '' : (operationNames[info.operation] ?? '');
    const hasRange = info.operation !== ioKind.sync && info.offset >= 0;
    const error = errnoError(info.errno, {
      ...this.#details({ operation }),
      offset: hasRange ? info.offset : undefined,
      length: hasRange ? info.length : undefined,
      detail: name === '' || name === operation ? undefined : `in a ${name} behind the caller's back`,
      ...(info.retries > 0 ? { retry: 'exhausted' } : {}),
      ...this.#causeOf(info.errno),
    });
    this.#observed.failed(error);
    return error;
  }

  #details({ operation, offset, length }: Request): ErrorDetails {
    return { origin: 'engine', operation, path: this.path, offset, length };
  }

  #causeOf(errno: number): { cause?: unknown } {
    const cause = this.#backend?.errorOf(errno);
    return cause === undefined ? {} : { cause };
  }

  #wrongMode(): string {
    return (this.file.flags & 3) === 0 ? 'the file is open for reading only' : 'the file is open for writing only';
  }
}
