/** What a budget bounds. */
export interface BudgetLimits {
  /** Bytes of temporary files. */
  readonly bytes: number;
  /** How many temporary files. */
  readonly files: number;
}

/**
 * Room on the disk, shared by the stores of a manager. It is given before a byte is written, and never more than there
 * is; when there is none, stores that nobody uses are evicted one after another.
 *
 * Threads: one. Clause: T6.
 */
export class DiskBudget {
  readonly limits: BudgetLimits;
  readonly #evict: () => Promise<boolean>;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #files = 0;
  /** Reservations that evict take turns: two would throw out more than either needs. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param evict Frees one store that nobody uses; false when there is none. */
  constructor(limits: BudgetLimits, evict: () => Promise<boolean>) {
    this.limits = limits;
    this.#evict = evict;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get files(): number {
    return this.#files;
  }

  /** A share of the budget for one store, empty at first. */
  share(): BudgetShare {
    return new BudgetShare(this);
  }

  /** Takes room if it is there now. For {@link BudgetShare}. */
  take(bytes: number, files: number): boolean {
    if (this.#bytes + bytes > this.limits.bytes || this.#files + files > this.limits.files) return false;
    this.#bytes += bytes;
    this.#files += files;
    return true;
  }

  /** Takes room, evicting where needed. Resolves with false when there is none even so. */
  takeEvicting(bytes: number, files: number): Promise<boolean> {
    const taking = this.#turn.then(async () => {
      if (bytes > this.limits.bytes || files > this.limits.files) return false;
      while (!this.take(bytes, files)) {
        if (!(await this.#evict())) return false;
      }
      return true;
    });
    this.#turn = taking.catch(() => undefined);
    return taking;
  }

  give(bytes: number, files: number): void {
    this.#bytes -= bytes;
    this.#files -= files;
    if (bytes > 0 || files > 0) this.announceRoom();
  }

  /** To be called when there may be room: a store is used by nobody any more. */
  announceRoom(): void {
    // Each looks for itself whether there is enough for it, in the order in which they came.
    for (const look of [...this.#waiting]) look();
  }

  /** Frees one store that nobody uses, for a disk that is full before the budget is. */
  evictOne(): Promise<boolean> {
    const evicting = this.#turn.then(() => this.#evict());
    this.#turn = evicting.catch(() => undefined);
    return evicting;
  }

  /** Calls `look` whenever there may be room. Returns what ends that. */
  onRoom(look: () => void): () => void {
    this.#waiting.add(look);
    return () => this.#waiting.delete(look);
  }
}

/** What one store holds of a budget. */
export class BudgetShare {
  readonly #budget: DiskBudget;
  #bytes = 0;
  #files = 0;
  #isReleased = false;
  #unsubscribe: () => void = () => undefined;

  constructor(budget: DiskBudget) {
    this.#budget = budget;
  }

  /** Bytes that the store may write in all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for its file: 0 or 1. */
  get files(): number {
    return this.#files;
  }

  /** Whether `total` bytes can never be had, whatever others give back. */
  isHopeless(total: number): boolean {
    return total > this.#budget.limits.bytes;
  }

  /** Grows to `total` bytes in one file if there is room now. */
  growNow(total: number): boolean {
    const bytes = Math.max(0, total - this.#bytes);
    const files = 1 - this.#files;
    if (this.#isReleased || !this.#budget.take(bytes, files)) return false;
    this.#bytes += bytes;
    this.#files = 1;
    return true;
  }

  /** As {@link growNow}, evicting stores that nobody uses. Resolves with false when there is no room even so. */
  async grow(total: number): Promise<boolean> {
    if (this.growNow(total)) return true;
    const bytes = Math.max(0, total - this.#bytes);
    const files = 1 - this.#files;
    if (this.#isReleased || !(await this.#budget.takeEvicting(bytes, files))) return false;
    this.#bytes += bytes;
    this.#files += files;
    // Somebody may have grown or released it meanwhile.
    this.shrink(this.#isReleased ? 0 : Math.max(total, this.#bytes - bytes), this.#isReleased ? 0 : 1);
    return !this.#isReleased;
  }

  /** Gives back what is beyond `total` bytes in `files` files, 0 or 1. */
  shrink(total: number, files: number): void {
    const bytes = Math.max(0, this.#bytes - total);
    const count = Math.max(0, this.#files - files);
    this.#bytes -= bytes;
    this.#files -= count;
    this.#budget.give(bytes, count);
  }

  /** Frees a store that nobody uses; false when there is none. */
  evictOne(): Promise<boolean> {
    return this.#budget.evictOne();
  }

  /** Calls `look` whenever there may be room, instead of what was called before. */
  onRoom(look: () => void): void {
    this.#unsubscribe();
    this.#unsubscribe = this.#isReleased ? () => undefined : this.#budget.onRoom(look);
  }

  ignoreRoom(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => undefined;
  }

  /** Gives everything back, for good; the second time does nothing. */
  release(): void {
    this.#isReleased = true;
    this.ignoreRoom();
    this.shrink(0, 0);
  }
}
