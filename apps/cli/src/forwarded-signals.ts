import type { ChildProcess } from 'node:child_process';

const forwarded = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** What a terminal sends to the command by itself. */
const fromTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** Hands signals to a command that runs on behalf of this process, which stays until the command has ended. */
export class ForwardedSignals implements Disposable {
  readonly #controller = new AbortController();
  #received: NodeJS.Signals | undefined;
  #command: ChildProcess | undefined;

  /** Listens until it is disposed. */
  constructor() {
    for (const name of forwarded) process.on(name, this.#listen);
  }

  /** Aborted by a signal that came before there was a command. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** That signal. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** From now on signals are the command's. */
  forwardTo(command: ChildProcess): void {
    this.#command = command;
  }

  readonly #listen = (name: NodeJS.Signals): void => {
    if (this.#command === undefined) {
      this.#received ??= name;
      this.#controller.abort();
    } else if (!(fromTerminal.has(name) && process.stdin.isTTY)) {
      this.#command.kill(name);
    }
  };

  [Symbol.dispose](): void {
    for (const name of forwarded) process.off(name, this.#listen);
  }
}
