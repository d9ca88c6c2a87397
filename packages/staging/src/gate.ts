/**
 * Where operations enter before they touch a descriptor, so that it is neither closed nor used again under them.
 * Entering and closing are single steps of one JavaScript thread: whoever got in is counted, whoever comes later is
 * refused.
 *
 * Clause: T4.
 */
export class Gate {
  #inside = 0;
  #isOpen = true;
  #drained: (() => void) | undefined;
  #whenDrained: Promise<void> | undefined;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How many operations are inside. */
  get inside(): number {
    return this.#inside;
  }

  /** Lets an operation in, unless the gate is closed. Whoever was let in calls {@link leave} once. */
  enter(): boolean {
    if (!this.#isOpen) return false;
    this.#inside++;
    return true;
  }

  leave(): void {
    this.#inside--;
    if (this.#inside === 0) this.#drained?.();
  }

  /** Lets nobody in any more, and resolves when the last one has left; a second call gives the same promise. */
  close(): Promise<void> {
    this.#isOpen = false;
    this.#whenDrained ??= new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#inside === 0) resolve();
    });
    return this.#whenDrained;
  }
}
