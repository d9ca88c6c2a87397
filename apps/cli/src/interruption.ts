const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Longer than it takes npx to hand the Ctrl-C on that the terminal has already sent to everybody. */
const repetitionMs = 1000;

/**
 * Ctrl-C and its like, as an AbortSignal. The first one asks for an end; one that comes a second later or more, to a
 * program that is still there, ends it at once as if nobody listened.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: () => number;
  #received: NodeJS.Signals | undefined;
  #receivedMs = 0;

  /** Listens until it is disposed. @param clock Milliseconds. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    for (const name of endings) process.on(name, this.#listen);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that asked for the end, if one did. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  readonly #listen = (name: NodeJS.Signals): void => {
    if (this.#received === undefined) {
      this.#received = name;
      this.#receivedMs = this.#clock();
      this.#controller.abort();
    } else if (this.#clock() - this.#receivedMs >= repetitionMs) {
      this[Symbol.dispose]();
      process.kill(process.pid, name);
    }
  };

  [Symbol.dispose](): void {
    for (const name of endings) process.off(name, this.#listen);
  }
}
