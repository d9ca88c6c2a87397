import { throwIfAborted } from '@libconveyor/storage';
import { origin, Refusal } from '../error-map.ts';
import type { Connection } from './connection.ts';

/** How many connections there are, and how long they rest. */
export interface PoolSettings {
  readonly connectionsMax: number;
  /** A connection that nobody used for so long is not used again. */
  readonly idleMsMax: number;
  nowMs(): number;
  connect(): Promise<Connection>;
}

interface Idle {
  readonly connection: Connection;
  readonly sinceMs: number;
}

interface Shared {
  readonly connection: Promise<Connection>;
  opened: Connection | undefined;
  leases: number;
}

/** A connection that descriptors live on; others may have theirs there too. */
export class Lease {
  readonly connection: Connection;
  #release: (() => void) | undefined;

  constructor(connection: Connection, release: () => void) {
    this.connection = connection;
    this.#release = release;
  }

  /** Called again it does nothing. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/**
 * Logged-in connections, never more than allowed. Requests have one to themselves; descriptors share them where there
 * are too few, and never take them all, so that requests go on however many files are open.
 */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #leasedMax: number;
  readonly #shared = new Set<Shared>();
  readonly #waiting: (() => void)[] = [];
  readonly #all = new Set<Connection>();
  #idle: Idle[] = [];
  /** Open, or on their way to it. */
  #count = 0;
  #isClosed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#leasedMax = Math.max(1, settings.connectionsMax - 2);
  }

  /** Runs requests on a connection of their own. */
  async run<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connection = await this.#take(signal);
    try {
      return await work(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** A connection for descriptors. */
  async lease(signal?: AbortSignal): Promise<Lease> {
    const live = [...this.#shared].filter(({ opened }) => opened === undefined || opened.isUsable);
    const hasRoom =
      live.length < this.#leasedMax && (this.#idle.length > 0 || this.#count < this.#settings.connectionsMax);
    const least = live.sort((a, b) => a.leases - b.leases)[0];
    const shared = least === undefined || hasRoom ? this.#share(signal) : least;
    shared.leases++;
    try {
      const connection = await shared.connection;
      return new Lease(connection, () => this.#leave(shared));
    } catch (thrown) {
      this.#leave(shared);
      throw thrown;
    }
  }

  /** Ends every connection. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.end();
    this.#idle = [];
    while (this.#waiting.length > 0) this.#wake();
  }

  #share(signal: AbortSignal | undefined): Shared {
    const shared: Shared = { connection: this.#take(signal), opened: undefined, leases: 0 };
    this.#shared.add(shared);
    shared.connection.then(
      (connection) => {
        shared.opened = connection;
      },
      () => this.#shared.delete(shared),
    );
    return shared;
  }

  #leave(shared: Shared): void {
    shared.leases--;
    if (shared.leases > 0 || !this.#shared.delete(shared)) return;
    if (shared.opened !== undefined) this.#giveBack(shared.opened);
  }

  async #take(signal: AbortSignal | undefined): Promise<Connection> {
    for (;;) {
      throwIfAborted(signal, { origin, operation: 'connect' });
      if (this.#isClosed) throw new Refusal('EBADF', 'the storage is closed');
      const rested = this.#nextIdle();
      if (rested !== undefined) return rested;
      if (this.#count < this.#settings.connectionsMax) return this.#connect();
      await this.#wait(signal);
    }
  }

  async #connect(): Promise<Connection> {
    this.#count++;
    let connection: Connection;
    try {
      connection = await this.#settings.connect();
    } catch (thrown) {
      this.#count--;
      this.#wake();
      throw thrown;
    }
    this.#all.add(connection);
    connection.whenLost(() => {
      this.#all.delete(connection);
      this.#count--;
      this.#wake();
    });
    if (this.#isClosed) {
      connection.end();
      throw new Refusal('EBADF', 'the storage is closed');
    }
    return connection;
  }

  #nextIdle(): Connection | undefined {
    for (let rested = this.#idle.pop(); rested !== undefined; rested = this.#idle.pop()) {
      const { connection, sinceMs } = rested;
      if (!connection.isUsable) continue;
      if (this.#settings.nowMs() - sinceMs <= this.#settings.idleMsMax) return connection;
      connection.end();
    }
    return undefined;
  }

  #giveBack(connection: Connection): void {
    if (connection.isUsable) this.#idle.push({ connection, sinceMs: this.#settings.nowMs() });
    this.#wake();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        const index = this.#waiting.indexOf(wake);
        if (index !== -1) this.#waiting.splice(index, 1);
        resolve();
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(wake);
    });
  }

  #wake(): void {
    this.#waiting.shift()?.();
  }
}
