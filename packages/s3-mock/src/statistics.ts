import type { S3Operation } from './operation-name.ts';

/** What a server has done since it started, or since the last `reset`. */
export interface MockStatistics {
  readonly requests: number;
  readonly byOperation: Readonly<Partial<Record<S3Operation | 'Unknown', number>>>;
  /** Answers by status: `{ 200: 12, 404: 1 }`. */
  readonly byStatus: Readonly<Record<number, number>>;
  /** Requests that are being served now, and the most at once. */
  readonly inFlight: number;
  readonly inFlightMax: number;
  /** Bytes of bodies. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Connections accepted. */
  readonly connections: number;
}

/** Counts for {@link MockStatistics}. */
export class StatisticsCounter {
  #requests = 0;
  #byOperation: Partial<Record<S3Operation | 'Unknown', number>> = {};
  #byStatus: Record<number, number> = {};
  #inFlight = 0;
  #inFlightMax = 0;
  #awaitingIdle: (() => void)[] = [];
  bytesReceived = 0;
  bytesSent = 0;
  connections = 0;

  enter(): void {
    this.#requests += 1;
    this.#inFlight += 1;
    this.#inFlightMax = Math.max(this.#inFlightMax, this.#inFlight);
  }

  leave(): void {
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    for (const wake of this.#awaitingIdle) wake();
    this.#awaitingIdle = [];
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#awaitingIdle.push(resolve));
  }

  countOperation(operation: S3Operation | undefined): void {
    const name = operation ?? 'Unknown';
    this.#byOperation[name] = (this.#byOperation[name] ?? 0) + 1;
  }

  countStatus(status: number): void {
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
  }

  /** The counts so far. */
  read(): MockStatistics {
    return {
      requests: this.#requests,
      byOperation: { ...this.#byOperation },
      byStatus: { ...this.#byStatus },
      inFlight: this.#inFlight,
      inFlightMax: this.#inFlightMax,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      connections: this.connections,
    };
  }

  /** Begins again at zero; what is in flight stays so. */
  reset(): void {
    this.#requests = 0;
    this.#byOperation = {};
    this.#byStatus = {};
    this.#inFlightMax = this.#inFlight;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.connections = 0;
  }
}
