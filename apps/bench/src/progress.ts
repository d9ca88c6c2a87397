import type { Terminal } from './terminal.ts';

/** What is going on right now: one line on a terminal that replaces itself; nothing elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WritableStream;
  readonly #terminal: Terminal;
  #isShown = false;

  constructor(stream: NodeJS.WritableStream, terminal: Terminal) {
    this.#stream = stream;
    this.#terminal = terminal;
  }

  show(text: string): void {
    if (!this.#terminal.isInteractive) return;
    this.clear();
    this.#stream.write([...`... ${text}`].slice(0, this.#terminal.width - 1).join(''));
    this.#isShown = true;
  }

  /** To be called before anything else is printed. */
  clear(): void {
    if (this.#isShown) this.#stream.write('\r\x1b[K');
    this.#isShown = false;
  }
}
