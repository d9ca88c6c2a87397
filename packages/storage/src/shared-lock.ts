/**
 * Lets many in who change nothing, or one who does, in the order in which they came: for adapters whose files are
 * replaced as a whole. Threads: one JavaScript thread.
 */
export class SharedLock {
  #inside = 0;
  #isExclusive = false;
  readonly #queue: { readonly exclusive: boolean; readonly enter: () => void }[] = [];

  /** Runs `work` beside others that share; settles as it does. */
  shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(false, work);
  }

  /** Runs `work` alone; settles as it does. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(true, work);
  }

  async #run<T>(exclusive: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.#queue.push({ exclusive, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#inside--;
      this.#isExclusive = false;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#isExclusive || (next.exclusive && this.#inside > 0)) return;
      this.#queue.shift();
      this.#inside++;
      this.#isExclusive = next.exclusive;
      next.enter();
    }
  }
}
