/** Lets many in who change nothing, or one who does, in the order in which they came. */
export class SharedLock {
  #inside = 0;
  #isExclusive = false;
  readonly #queue: { readonly exclusive: boolean; readonly enter: () => void }[] = [];

  shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(false, work);
  }

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

/** Lets a number of workers in at once. */
export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** @param work May call `leave` before it ends, when somebody else may go in already. */
  async run<T>(work: (leave: () => void) => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((enter) => this.#queue.push(enter));
    let isInside = true;
    const leave = (): void => {
      if (!isInside) return;
      isInside = false;
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    };
    try {
      return await work(leave);
    } finally {
      leave();
    }
  }
}
