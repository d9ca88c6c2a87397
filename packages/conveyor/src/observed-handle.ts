import { type ConveyorError, describeError } from '@libconveyor/errors';
import { eventLog, type HandleSource, handleRegistry } from '@libconveyor/observability';
import type { EngineHandle, Request } from './engine-handle.ts';

/** A handle as monitors see it: in the registry of this thread while it is open, its events in the log. */
export class ObservedHandle implements HandleSource {
  readonly scheme: string;
  readonly #engine: EngineHandle;
  readonly #number: number;
  #told = '';

  constructor(engine: EngineHandle, scheme: string) {
    this.#engine = engine;
    this.scheme = scheme;
    this.#number = handleRegistry.add(this);
    eventLog.record('info', 'open', { handle: this.#number, path: this.path });
  }

  get path(): string {
    return this.#engine.path;
  }

  observe(values: Float64Array, histograms?: Float64Array): boolean {
    return this.#engine.observe(values, histograms);
  }

  error(): Error | undefined {
    return this.#engine.stickyError('write');
  }

  flush(): Promise<void> {
    return this.#engine.flush();
  }

  clearError(): void {
    this.#engine.clearError();
  }

  /** The engine's handle is about to go: the last moment to ask what it has counted. */
  leave(): void {
    handleRegistry.remove(this);
  }

  /** It has stayed after all. */
  stay(): void {
    handleRegistry.restore(this);
  }

  closed(failure: unknown): void {
    const detail = failure === undefined ? undefined : describeError(failure);
    eventLog.record('info', 'close', { handle: this.#number, path: this.path, detail });
  }

  /** Somebody is told of a sticky error; the first time it is an event. */
  failed(error: ConveyorError): void {
    const { code, offset, length } = error;
    const told = `${code} ${offset} ${length}`;
    if (told === this.#told) return;
    this.#told = told;
    const fields = { handle: this.#number, path: this.path, code, offset, length };
    eventLog.record('error', 'error', { ...fields, detail: describeError(error) });
  }

  /** An operation waits, and somebody wants to hear of it. Returns what to call with its result. */
  enter({ operation: action, offset, length }: Request): ((result: number) => void) | undefined {
    if (!eventLog.wantsOperations) return undefined;
    const operation = eventLog.nextOperation();
    const fields = { handle: this.#number, path: this.path, operation, action, offset, length };
    const beganMs = performance.now();
    eventLog.record('debug', 'operation', { ...fields, phase: 'enter' });
    return (result) => {
      const code = result < 0 ? this.#engine.errorFor(result, { operation: action }).code : undefined;
      const durationMs = performance.now() - beganMs;
      eventLog.record('debug', 'operation', { ...fields, phase: 'exit', durationMs, code });
    };
  }
}
