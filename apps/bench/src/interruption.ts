/** Why a run was given up. */
export class InterruptionError extends Error {
  override readonly name = 'InterruptionError';
  readonly signalName: NodeJS.Signals;

  constructor(signalName: NodeJS.Signals) {
    super(`ended by ${signalName}`);
    this.signalName = signalName;
  }
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Longer than it takes npm to hand the Ctrl-C on that the terminal has already sent to everybody. */
const repetitionMs = 1000;

/**
 * Ctrl-C and its like, as an AbortSignal: scratch files are removed before the program ends. A second one, a second
 * later or more, ends it at once.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #receivedMs = 0;
  #received: NodeJS.Signals | undefined;

  constructor() {
    for (const name of endings) process.on(name, this.#listen);
  }

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
      this.#receivedMs = performance.now();
      this.#controller.abort(new InterruptionError(name));
    } else if (performance.now() - this.#receivedMs >= repetitionMs) {
      this[Symbol.dispose]();
      process.kill(process.pid, name);
    }
  };

  [Symbol.dispose](): void {
    for (const name of endings) process.off(name, this.#listen);
  }
}
