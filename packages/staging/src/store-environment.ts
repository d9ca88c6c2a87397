import type { Clock } from '@libconveyor/storage';
import type { Disk } from './disk.ts';
import type { EventLog } from './event-log.ts';
import type { FetchPolicy } from './fetch.ts';

/** What the stores of a manager share. */
export interface StoreEnvironment {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: EventLog;
  readonly policy: FetchPolicy;
  /** A reader at most so far ahead of the front waits for it; whoever is farther gets a request of its own. Bytes. */
  readonly reachBytes: number;
  /** The first request out of order fetches so much; who goes on behind it gets twice as much. Bytes. */
  readonly rangeBytes: number;
  /** Requests out of order of one store, at a time. */
  readonly rangesMax: number;
  /** How long `close` waits for a source. */
  readonly closeTimeoutMs: number;
  /** A path that no other store has. */
  newPath(): string;
}
