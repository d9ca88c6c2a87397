import type { ApiName } from '@libconveyor/irods-protocol';

/** What a server has done since it started, or since the last `reset`. */
export interface EmulatorStatistics {
  readonly requests: number;
  readonly byApi: Readonly<Partial<Record<ApiName | 'unknown', number>>>;
  /** Replies with an error, by its code. */
  readonly byError: Readonly<Record<number, number>>;
  /** Bytes on all connections. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Connections accepted. */
  readonly connections: number;
  /** Connections that are open now, and the most at once. */
  readonly connectionsNow: number;
  readonly connectionsMax: number;
  /** Descriptors that were open when their connection ended, however it ended. */
  readonly descriptorsLeftOpen: number;
}

/** Counts for {@link EmulatorStatistics}. */
export class StatisticsCounter {
  requests = 0;
  bytesReceived = 0;
  bytesSent = 0;
  connections = 0;
  connectionsMax = 0;
  descriptorsLeftOpen = 0;
  #byApi: Partial<Record<ApiName | 'unknown', number>> = {};
  #byError: Record<number, number> = {};

  countRequest(api: ApiName | undefined): void {
    this.requests += 1;
    const name = api ?? 'unknown';
    this.#byApi[name] = (this.#byApi[name] ?? 0) + 1;
  }

  countResult(intInfo: number): void {
    if (intInfo < 0) this.#byError[intInfo] = (this.#byError[intInfo] ?? 0) + 1;
  }

  enter(connectionsNow: number): void {
    this.connections += 1;
    this.connectionsMax = Math.max(this.connectionsMax, connectionsNow);
  }

  read(connectionsNow: number): EmulatorStatistics {
    const { requests, bytesReceived, bytesSent, connections, connectionsMax, descriptorsLeftOpen } = this;
    const counts = { requests, bytesReceived, bytesSent, connections, connectionsMax, descriptorsLeftOpen };
    return { ...counts, connectionsNow, byApi: { ...this.#byApi }, byError: { ...this.#byError } };
  }

  /** Begins again at zero; what is open stays so. */
  reset(connectionsNow: number): void {
    this.requests = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.connections = 0;
    this.connectionsMax = connectionsNow;
    this.descriptorsLeftOpen = 0;
    this.#byApi = {};
    this.#byError = {};
  }
}
