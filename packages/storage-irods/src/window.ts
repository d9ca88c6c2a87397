/** Lets so many bytes be under way at once, in the order in which they came; one operation always is. */
export class Window {
  readonly #bytesPerStream: number;
  #limit: number;
  #used = 0;
  readonly #queue: { readonly length: number; readonly enter: () => void }[] = [];

  constructor(bytesPerStream: number) {
    this.#bytesPerStream = bytesPerStream;
    this.#limit = bytesPerStream;
  }

  /** There is another stream. */
  widen(): void {
    this.#limit += this.#bytesPerStream;
    this.#admit();
  }

  async run<T>(length: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.#queue.push({ length, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#used -= length;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#used > 0 && this.#used + next.length > this.#limit) return;
      this.#queue.shift();
      this.#used += next.length;
      next.enter();
    }
  }
}
