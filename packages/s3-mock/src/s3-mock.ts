import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '@libconveyor/storage';
import { Distance } from '@libconveyor/storage/link';
import { CredentialStore, type MockCredentials } from './auth/credentials.ts';
import { MockFaultControl } from './faults/fault-control.ts';
import { Exchange, type ExchangeSettings } from './http/exchange.ts';
import type { ServerState } from './operations/call.ts';
import { type CheckedOptions, checkOptions, defaultCredentials, type S3MockOptions } from './options.ts';
import { type MockStatistics, StatisticsCounter } from './statistics.ts';
import { DiscardedBlob } from './store/discarding-blobs.ts';
import { type OpenStore, openStore } from './store/open-store.ts';

/** A running server. `await using mock = await startS3Mock()` ends it with its block. */
export class S3Mock {
  /** `http://127.0.0.1:PORT`, for clients' `endpoint` (with path style). */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** The key pairs it knows; may be changed at any time. */
  readonly credentialStore: CredentialStore;
  /** What goes wrong: the plan, what struck, and the release of what is stalled. */
  readonly faults: MockFaultControl;
  readonly #server: Server;
  readonly #state: ServerState;
  readonly #statistics: StatisticsCounter;
  readonly #store: OpenStore;
  #closed: Promise<void> | undefined;

  /** For {@link startS3Mock}. */
  constructor(server: Server, options: CheckedOptions, settings: ExchangeSettings, store: OpenStore) {
    this.port = (server.address() as AddressInfo).port;
    this.endpoint = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${this.port}`;
    this.region = options.region;
    this.credentialStore = settings.credentials;
    this.faults = settings.faults;
    this.#store = store;
    this.#server = server;
    this.#state = settings.server;
    this.#statistics = settings.statistics;
  }

  /** The first key pair that it knows. */
  get credentials(): MockCredentials {
    return this.credentialStore.first ?? defaultCredentials;
  }

  /** What it has done so far. */
  get stats(): MockStatistics {
    return this.#statistics.read();
  }

  /** Counts from zero again. */
  resetStats(): void {
    this.#statistics.reset();
  }

  /**
   * Makes an object of any length without an upload: its bytes are `discardedBytes`.
   *
   * Errors: S3Error (NoSuchBucket).
   */
  async createObject(bucket: string, key: string, length: number): Promise<void> {
    const blob = new DiscardedBlob(`s${this.#state.randomHex(8)}`, length);
    await this.#state.catalog.get(bucket).put({
      key,
      length,
      etag: `"${this.#state.randomHex(16)}"`,
      modifiedMs: this.#state.epochMs(),
      headers: { 'content-type': 'binary/octet-stream' },
      checksum: undefined,
      segments: [{ blob, start: 0, length }],
      partLengths: [],
    });
  }

  /** Stops listening, ends every connection, and lets the folder go. Calling it again waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    this.faults.release();
    await this.#statistics.idle();
    await this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Starts an S3 server in this process.
 *
 * Errors: TypeError, RangeError for nonsense in the options; what listening says (EADDRINUSE).
 */
export async function startS3Mock(options?: S3MockOptions): Promise<S3Mock> {
  const checked = checkOptions(options);
  const store = await openStore(checked.data, checked.discard);
  try {
    const settings = await settingsOf(checked, store);
    const server = createListener(settings);
    await listen(server, checked);
    return new S3Mock(server, checked, settings, store);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

function createListener(settings: ExchangeSettings): Server {
  const server = createServer({ highWaterMark: 256 * 1024, keepAliveTimeout: 75_000, requestTimeout: 0 });
  server.on('request', (message, response) => void new Exchange(settings, message, response, false).run());
  server.on('checkContinue', (message, response) => void new Exchange(settings, message, response, true).run());
  server.on('connection', () => {
    settings.statistics.connections += 1;
  });
  return server;
}

function listen(server: Server, { port, host }: CheckedOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function settingsOf(options: CheckedOptions, { catalog, blobs }: OpenStore): Promise<ExchangeSettings> {
  const random = seededRandom(options.seed);
  const epochMs = (): number => options.clock.epochMs?.() ?? Date.now();
  const server: ServerState = {
    catalog,
    blobs,
    region: options.region,
    etag: options.etag,
    partLengthMin: options.partLengthMin,
    epochMs,
    randomHex: (bytes) => {
      let text = '';
      while (text.length < bytes * 2)
        text += Math.floor(random() * 2 ** 32)
          .toString(16)
          .padStart(8, '0');
      return text.slice(0, bytes * 2);
    },
  };
  for (const { name, region = options.region, readOnly = false } of options.buckets) {
    if (catalog.find(name) !== undefined) continue;
    await catalog.create({ name, region, readOnly, createdMs: epochMs() });
  }
  const { anonymous, domain, clock, seed } = options;
  const { latencyMs, bytesPerSecond, connectionBytesPerSecond } = options;
  // Random numbers of their own, so that identifiers, latencies and faults do not shift one another.
  const distanceRandom = seededRandom(seed + 1);
  return {
    server,
    credentials: new CredentialStore(options.credentials),
    statistics: new StatisticsCounter(),
    anonymous,
    domain,
    faults: new MockFaultControl(options.faultPlan, seed + 2),
    distance: new Distance({ clock, random: distanceRandom, latencyMs, bytesPerSecond, connectionBytesPerSecond }),
  };
}
