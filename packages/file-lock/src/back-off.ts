/**
 * The pauses between attempts: exponential, with half of each left to chance, so that waiters do not keep step. Time
 * and chance come in as arguments. `cpp/src/back_off.hpp` is its twin. Clause: L5.
 */
export class BackOff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#nextMs = minMs;
  }

  /**
   * The pause before the next attempt, in milliseconds.
   *
   * @param isNext This process sits on the seat of who is next: it asks as often as allowed.
   * @param chance In [0, 1).
   */
  pauseMs(isNext: boolean, chance: number): number {
    const whole = isNext ? this.#minMs : this.#nextMs;
    if (!isNext) this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return whole / 2 + (whole / 2) * chance;
  }

  /** The pause of a process that had its turn: longer than who is next will take to ask. */
  politeMs(chance: number): number {
    return this.#minMs * 2 + this.#minMs * 2 * chance;
  }
}
