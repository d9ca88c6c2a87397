import { ConveyorError } from '@libconveyor/errors';

/** What an error of the gate says about the operation. */
export interface GateContext {
  origin: string;
  operation: string;
  path?: string | undefined;
}

/**
 * Lets operations in until it is closed, and knows when the last one has left. Files and storages have one each.
 *
 * Threads: one JavaScript thread.
 */
export class OperationGate {
  #running = 0;
  #state: 'open' | 'paused' | 'closed' = 'open';
  #idle: (() => void)[] = [];
  #passing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Whether operations are let in. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Runs one operation. Errors: EBADF with the given context when the gate is not open. */
  async run<T>(context: GateContext, work: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') throw closedError(context);
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      if (this.#running === 0) this.#wakeIdle();
    }
  }

  /**
   * Lets nobody in, waits for those inside, then runs `work`; the gate opens again when `work` rejects and stays closed
   * when it resolves. Errors: EBADF as {@link run}, also while another `passLast` runs.
   */
  passLast(context: GateContext, work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(closedError(context));
    this.#state = 'paused';
    const passing = this.#passOnce(work);
    this.#passing = passing.catch(() => undefined);
    return passing;
  }

  /** Lets nobody in, waits for those inside, then runs `free`, once; every call gives the result of the first one. */
  close(free: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#closeOnce(free);
    return this.#closing;
  }

  async #passOnce(work: () => Promise<void>): Promise<void> {
    try {
      await this.#whenIdle();
      await work();
      this.#state = 'closed';
    } catch (thrown) {
      // A close that came meanwhile has the last word.
      if (this.#closing === undefined) this.#state = 'open';
      throw thrown;
    }
  }

  async #closeOnce(free: () => Promise<void>): Promise<void> {
    this.#state = 'closed';
    await this.#whenIdle();
    await this.#passing;
    await free();
  }

  #whenIdle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const wake of waiting) wake();
  }
}

function closedError(context: GateContext): ConveyorError {
  return new ConveyorError('EBADF', { ...context, kind: 'closed', detail: 'it is closed' });
}
