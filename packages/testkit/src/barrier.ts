import { argumentRangeError, requireInteger } from '@libconveyor/errors';
import { deadlineError, waitDeadlineMs } from './deadline.ts';

/** Promises that wait for one condition; all are looked at when something changed. */
class Waiters {
  readonly #waiting = new Set<{ ready: () => boolean; go: () => void }>();

  /** Resolves when `ready` holds. Rejects with `report()` when that takes too long. */
  async until(ready: () => boolean, operation: string, report: () => string, deadlineMs: number): Promise<void> {
    if (ready()) return;
    await new Promise<void>((resolve, reject) => {
      const entry = { ready, go: resolve };
      const timer = setTimeout(() => {
        this.#waiting.delete(entry);
        reject(deadlineError(operation, report(), deadlineMs));
      }, deadlineMs);
      entry.go = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(entry);
    });
  }

  /** Lets go whoever is ready now, in order of arrival. */
  changed(): void {
    for (const entry of [...this.#waiting]) {
      if (!entry.ready()) continue;
      this.#waiting.delete(entry);
      entry.go();
    }
  }
}

/** Lets the named asynchronous tasks of one thread start together, round after round. */
export class Barrier {
  readonly #name: string;
  readonly #parties: readonly string[];
  readonly #arrived = new Set<string>();
  readonly #waiters = new Waiters();
  #round = 0;

  /** @param parties Names of the tasks, each one's own. Errors: RangeError when empty or when two are equal. */
  constructor(parties: readonly string[], name = 'barrier') {
    if (parties.length === 0 || new Set(parties).size !== parties.length) {
      throw argumentRangeError('parties', 'different names, one at least', parties.join(', '));
    }
    this.#parties = [...parties];
    this.#name = name;
  }

  /**
   * Resolves once all parties of this round have arrived.
   *
   * Errors: ConveyorError ERR_CONVEYOR_DEADLINE naming who is missing; RangeError for a name that is no party or that
   * has arrived in this round before.
   */
  async arriveAndWait(party: string, deadlineMs: number = waitDeadlineMs): Promise<void> {
    if (!this.#parties.includes(party)) throw argumentRangeError('party', `one of ${this.#parties.join(', ')}`, party);
    if (this.#arrived.has(party)) throw argumentRangeError('party', 'one that has not arrived yet', party);
    this.#arrived.add(party);
    const round = this.#round;
    if (this.#arrived.size === this.#parties.length) {
      this.#arrived.clear();
      this.#round++;
      this.#waiters.changed();
      return;
    }
    await this.#waiters.until(
      () => this.#round !== round,
      party,
      () => this.describe(),
      deadlineMs,
    );
  }

  /** `barrier 'start': arrived writer; missing reader` */
  describe(): string {
    const missing = this.#parties.filter((party) => !this.#arrived.has(party));
    const arrived = [...this.#arrived].join(', ') || 'nobody';
    return `barrier '${this.#name}': arrived ${arrived}; missing ${missing.join(', ')}`;
  }
}

/** Opens once `count` things have happened, and stays open. One thread. */
export class Latch {
  readonly #name: string;
  readonly #waiters = new Waiters();
  #left: number;

  constructor(count: number, name = 'latch') {
    requireInteger('count', count, 0);
    this.#left = count;
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.#left === 0;
  }

  /** Counts one thing; does nothing when the latch is open already. */
  countDown(): void {
    if (this.#left > 0) this.#left--;
    this.#waiters.changed();
  }

  /** Resolves when the latch is open. Errors: ConveyorError ERR_CONVEYOR_DEADLINE. */
  async wait(who = 'a task', deadlineMs: number = waitDeadlineMs): Promise<void> {
    await this.#waiters.until(
      () => this.isOpen,
      who,
      () => this.describe(),
      deadlineMs,
    );
  }

  /** `latch 'landed': 2 still to come` */
  describe(): string {
    return `latch '${this.#name}': ${this.#left} still to come`;
  }
}

/**
 * A place in the code under test where tasks are held until the test lets them go on: the way to build one interleaving
 * on purpose. The code awaits `pass`; the test awaits `awaitArrivals`, looks, then calls `release`. One thread.
 */
export class SyncPoint {
  readonly #name: string;
  readonly #waiters = new Waiters();
  #arrived = 0;
  #released = 0;
  #open = false;

  constructor(name = 'sync point') {
    this.#name = name;
  }

  /** Tasks that have come here so far, those who went on included. */
  get arrivals(): number {
    return this.#arrived;
  }

  /** Called at the place: reports the arrival, waits for a release. Errors: ConveyorError ERR_CONVEYOR_DEADLINE. */
  async pass(who = 'a task', deadlineMs: number = waitDeadlineMs): Promise<void> {
    const ticket = this.#arrived++;
    this.#waiters.changed();
    await this.#waiters.until(
      () => this.#open || ticket < this.#released,
      who,
      () => this.describe(),
      deadlineMs,
    );
  }

  /** Resolves when `count` tasks in all have arrived here. Errors: ConveyorError ERR_CONVEYOR_DEADLINE. */
  async awaitArrivals(count = 1, deadlineMs: number = waitDeadlineMs): Promise<void> {
    const report = () => `waits for arrival ${count}, ${this.describe()}`;
    await this.#waiters.until(() => this.#arrived >= count, 'the test', report, deadlineMs);
  }

  /** Lets the next `count` tasks pass, in order of arrival; those who come later use up what is left. */
  release(count = 1): void {
    requireInteger('count', count, 1);
    this.#released += count;
    this.#waiters.changed();
  }

  /** Lets everybody pass from now on. */
  open(): void {
    this.#open = true;
    this.#waiters.changed();
  }

  /** `sync point 'before submit': 2 arrived, 1 released` */
  describe(): string {
    return `sync point '${this.#name}': ${this.#arrived} arrived, ${this.#open ? 'all' : this.#released} released`;
  }
}
