import { homedir } from 'node:os';
import { join } from 'node:path';
import { argumentTypeError, requireFunction, requireInteger, requireOptions, requireString } from '@libconveyor/errors';
import { type Clock, systemClock } from '@libconveyor/storage';
import { type Disk, localDisk } from './disk.ts';
import type { StagingEvent } from './event-log.ts';

/** Options of {@link StagingManager.open}. */
export interface StagingOptions {
  /**
   * A directory for temporary files; it is made where it is missing, and any number of processes may share it; not
   * everybody may be able to write to it. Default: `conveyor/staging` below `XDG_CACHE_HOME` or `~/.cache`.
   */
  readonly dir?: string | undefined;
  /** Bytes of temporary files at most, all stores together. Default: 10 GiB. */
  readonly budget?: number | undefined;
  /** Temporary files at most. Default: 256. */
  readonly storesMax?: number | undefined;
  /**
   * How far ahead of the fetch front a reader waits for it, in bytes; farther ahead he gets a request of his own, where
   * the source has ranges. Default: 4 MiB.
   */
  readonly reachBytes?: number | undefined;
  /** Bytes of the first request out of order; it doubles for whoever goes on behind it. Default: 512 KiB. */
  readonly rangeBytes?: number | undefined;
  /** Requests out of order of one store at a time. Default: 4. */
  readonly rangesMax?: number | undefined;
  /** Milliseconds without a byte after which a request has failed; 0: no limit. Default: 60,000. */
  readonly stallMs?: number | undefined;
  /** Failures in a row without a new byte between them, after which a fetch has failed. Default: 4. */
  readonly attemptsMax?: number | undefined;
  /** Milliseconds before the second attempt; doubles with each. Default: 200. */
  readonly backOffMs?: number | undefined;
  /** Milliseconds that `close` waits for a source. Default: 5,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Is told each event as it happens, on the JavaScript thread. */
  readonly onEvent?: ((event: StagingEvent) => void) | undefined;
  /** What tells the time and waits. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** Options with all defaults filled in. */
export type CompleteOptions = Required<Omit<StagingOptions, 'onEvent'>> &
  Pick<StagingOptions, 'onEvent'> & {
    readonly disk: Disk;
  };

const integers = {
  budget: [0, 10 * 1024 ** 3],
  storesMax: [0, 256],
  reachBytes: [0, 4 * 1024 ** 2],
  rangeBytes: [1, 512 * 1024],
  rangesMax: [1, 4],
  stallMs: [0, 60_000],
  attemptsMax: [1, 4],
  backOffMs: [0, 200],
  closeTimeoutMs: [0, 5000],
} as const;

const known = [...Object.keys(integers), 'dir', 'onEvent', 'clock'];

/** Checks options and fills in what is missing. Errors: TypeError, RangeError. */
export function completeOptions(options: StagingOptions = {}, disk: Disk = localDisk): CompleteOptions {
  requireOptions('options', options, known);
  const { dir = defaultDirectory(), onEvent, clock = systemClock } = options;
  requireString('options.dir', dir);
  if (onEvent !== undefined) requireFunction('options.onEvent', onEvent);
  if (typeof clock?.sleep !== 'function') throw argumentTypeError('options.clock', 'a clock', clock);
  const numbers = Object.entries(integers).map(([name, [min, value]]) => {
    const given: unknown = options[name as keyof typeof integers] ?? value;
    requireInteger(`options.${name}`, given, min);
    return [name, given];
  });
  return { ...Object.fromEntries(numbers), dir, onEvent, clock, disk } as CompleteOptions;
}

function defaultDirectory(): string {
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), 'conveyor', 'staging');
}
