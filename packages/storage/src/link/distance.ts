import type { Clock } from '../layers/clock.ts';
import type { Random } from '../layers/random.ts';
import type { Latency } from '../layers/with-latency.ts';
import { drawLatencyMs } from './latency.ts';
import { createLine, type Line, Link, Route } from './link.ts';

/** Settings of a {@link Distance}. */
export interface DistanceSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly latencyMs: Latency;
  /** Of one line that all connections share, in each direction. */
  readonly bytesPerSecond: number | undefined;
  /** Of each connection, in each direction. */
  readonly connectionBytesPerSecond: number | undefined;
}

/** How far away the server is: its latency, and the lines that lead to it. */
export class Distance {
  readonly #settings: DistanceSettings;
  readonly #shared: Line | undefined;
  readonly #ofConnection = new WeakMap<object, Line>();

  constructor(settings: DistanceSettings) {
    this.#settings = settings;
    const { bytesPerSecond, clock } = settings;
    this.#shared = bytesPerSecond === undefined ? undefined : createLine(bytesPerSecond, clock);
  }

  get clock(): Clock {
    return this.#settings.clock;
  }

  /** A latency for one request, milliseconds. */
  draw(more: Latency | undefined): number {
    const { latencyMs, random } = this.#settings;
    return drawLatencyMs(latencyMs, random) + (more === undefined ? 0 : drawLatencyMs(more, random));
  }

  /** Resolves at a time of the clock. */
  async waitUntil(timeMs: number): Promise<void> {
    const wait = timeMs - this.clock.nowMs();
    // Timers are whole milliseconds, and late more often than early.
    if (wait > 0.1) await this.clock.sleep(Math.max(1, Math.floor(wait)));
  }

  /** The way of the bytes of one request, or of all requests, of a connection. */
  routes(connection: object, bytesPerSecond: number | undefined): { up: Route; down: Route } {
    const { clock } = this.#settings;
    const line = this.#lineOf(connection);
    const own = bytesPerSecond === undefined ? undefined : new Link(bytesPerSecond, clock);
    const up = new Route([this.#shared?.up, line?.up, own]);
    return { up, down: new Route([this.#shared?.down, line?.down, own]) };
  }

  #lineOf(connection: object): Line | undefined {
    const { connectionBytesPerSecond, clock } = this.#settings;
    if (connectionBytesPerSecond === undefined) return undefined;
    const known = this.#ofConnection.get(connection) ?? createLine(connectionBytesPerSecond, clock);
    this.#ofConnection.set(connection, known);
    return known;
  }
}
