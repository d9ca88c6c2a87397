import type { Clock } from '../layers/clock.ts';

/** Waits below this are not worth a timer, milliseconds; they are made up for by the next one. */
const shortestWaitMs = 1.5;
/** Whoever gives bytes so soon after a wait was held up by the wait and nothing else. */
const promptMs = 8;
/** A timer may be so late, when the machine is busy, without the line losing what it could have carried meanwhile. */
const latenessMsMax = 100;

/**
 * One direction of a line that carries so many bytes per second, one after another, whoever sends them.
 *
 * It keeps the time at which it will have carried all that it was given. Nobody's timer is exact: a wait that ended
 * late counts as time in which the line was busy, as it would have been out of the buffers of a real one. So the rate
 * over many pieces is exact.
 */
export class Link {
  readonly bytesPerMs: number;
  readonly #clock: Clock;
  #freeAtMs = Number.NEGATIVE_INFINITY;
  #wokeAtMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** Gives bytes to the line. A promise when the caller must wait until they are carried. */
  carry(byteCount: number): Promise<void> | undefined {
    const now = this.#clock.nowMs();
    this.#freeAtMs = (this.#wasBusy(now) ? this.#freeAtMs : now) + byteCount / this.bytesPerMs;
    const wait = this.#freeAtMs - now;
    return wait < shortestWaitMs ? undefined : this.#sleep(Math.floor(wait));
  }

  async #sleep(waitMs: number): Promise<void> {
    await this.#clock.sleep(waitMs);
    this.#wokeAtMs = this.#clock.nowMs();
  }

  /** Whether the line has been carrying without a break until now, or would have with exact timers. */
  #wasBusy(now: number): boolean {
    const free = now - this.#freeAtMs;
    return free <= promptMs || (free <= latenessMsMax && now - this.#wokeAtMs <= promptMs);
  }
}

/** Bytes go over a line in pieces: not more than a few milliseconds of it, and not too many of them. */
const pieceMs = 4;
const pieceLengthMin = 2048;
const pieceLengthMax = 64 * 1024;

/** Several lines in a row: bytes are carried when the slowest has carried them. */
export class Route {
  readonly #links: readonly Link[];
  /** Pieces that bytes should be given in; infinite where nothing is limited. */
  readonly pieceLength: number;

  constructor(links: readonly (Link | undefined)[]) {
    this.#links = links.filter((link) => link !== undefined);
    const slowest = Math.min(...this.#links.map(({ bytesPerMs }) => bytesPerMs));
    const wanted = Math.max(pieceLengthMin, Math.min(pieceLengthMax, Math.floor(slowest * pieceMs)));
    this.pieceLength = this.#links.length === 0 ? Number.POSITIVE_INFINITY : wanted;
  }

  /** As {@link Link.carry}. */
  carry(byteCount: number): Promise<unknown> | undefined {
    let wait: Promise<unknown> | undefined;
    for (const link of this.#links) {
      const one = link.carry(byteCount);
      if (one !== undefined) wait = wait === undefined ? one : Promise.all([wait, one]);
    }
    return wait;
  }
}

/** Both directions of a line. */
export interface Line {
  readonly up: Link;
  readonly down: Link;
}

export function createLine(bytesPerSecond: number, clock: Clock): Line {
  return { up: new Link(bytesPerSecond, clock), down: new Link(bytesPerSecond, clock) };
}
