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
