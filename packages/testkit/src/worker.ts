import { type TransferListItem, Worker } from 'node:worker_threads';
import { argumentTypeError, ConveyorError } from '@libconveyor/errors';
import { waitDeadlineMs, withDeadline } from './deadline.ts';

/** Lets a thread of plain Node load TypeScript sources, and workspace packages by their sources. */
const loader: URL = new URL('../loader/register.mjs', import.meta.url);

/** How a worker is started. */
export interface WorkerSettings {
  /** What the worker finds in `workerData`. */
  data?: unknown;
  /** What reports call it. */
  name?: string;
  /** Objects in `data` that move to the worker. */
  transfer?: readonly TransferListItem[];
}

/**
 * A real thread running a TypeScript or JavaScript module. Its uncaught error rejects whatever waits for it.
 *
 * Not started by `new`: see {@link spawnWorker}.
 */
export class TestWorker implements AsyncDisposable {
  readonly name: string;
  /** The thread itself, for what this class does not offer. */
  readonly thread: Worker;
  readonly #messages: unknown[] = [];
  readonly #exited: Promise<number>;
  #wake: () => void = () => {};
  #failure: Error | undefined;
  #exitCode: number | undefined;

  /** Use {@link spawnWorker}. */
  constructor(thread: Worker, name: string) {
    this.thread = thread;
    this.name = name;
    thread.on('message', (message) => {
      this.#messages.push(message);
      this.#wake();
    });
    thread.on('error', (cause) => {
      this.#failure = new ConveyorError('EIO', {
        origin: 'testkit',
        operation: `worker ${name}`,
        cause,
        detail: cause.message,
      });
      this.#wake();
    });
    this.#exited = new Promise((resolve) => {
      thread.on('exit', (code) => {
        this.#exitCode = code;
        this.#wake();
        resolve(code);
      });
    });
  }

  post(message: unknown, transfer: readonly TransferListItem[] = []): void {
    this.thread.postMessage(message, transfer);
  }

  /**
   * The next message that the worker posted, in order. One wait at a time.
   *
   * Errors: ConveyorError EIO when the worker threw or ended without posting, ERR_CONVEYOR_DEADLINE; both name the
   * worker.
   */
  async message<T = unknown>(deadlineMs: number = waitDeadlineMs): Promise<T> {
    const arrived = async () => {
      while (this.#messages.length === 0) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#exitCode !== undefined) throw this.#ended(this.#exitCode);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      return this.#messages.shift() as T;
    };
    return withDeadline(arrived(), `a message of worker ${this.name}`, deadlineMs);
  }

  /**
   * Waits for the worker's own end. Errors: ConveyorError EIO when it threw or ended with another code than 0,
   * ERR_CONVEYOR_DEADLINE; both name the worker.
   */
  async finished(deadlineMs: number = waitDeadlineMs): Promise<void> {
    const code = await withDeadline(this.#exited, `the end of worker ${this.name}`, deadlineMs);
    if (this.#failure !== undefined) throw this.#failure;
    if (code !== 0) throw this.#ended(code);
  }

  /** Ends the thread where it stands and waits for that. `await using` calls it. */
  async stop(): Promise<void> {
    await this.thread.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #ended(code: number): ConveyorError {
    const operation = `worker ${this.name}`;
    return new ConveyorError('EIO', { origin: 'testkit', operation, detail: `it ended with code ${code}` });
  }
}

/**
 * Starts a real thread (`node:worker_threads`) on a module, TypeScript or JavaScript; inside it, packages of this
 * workspace resolve to their sources, as they do in the test itself.
 *
 * @param module A file URL: `new URL('./producer.worker.ts', import.meta.url)`. Errors: TypeError for anything else.
 */
export function spawnWorker(module: URL, { data, name, transfer = [] }: WorkerSettings = {}): TestWorker {
  if (!(module instanceof URL) || module.protocol !== 'file:') throw argumentTypeError('module', 'a file URL', module);
  const thread = new Worker(module, {
    workerData: data,
    transferList: [...transfer],
    execArgv: ['--conditions=@libconveyor/source', '--import', loader.href],
  });
  return new TestWorker(thread, name ?? module.pathname.slice(module.pathname.lastIndexOf('/') + 1));
}
