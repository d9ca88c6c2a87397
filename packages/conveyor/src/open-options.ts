import { argumentRangeError, requireBoolean, requireInteger, requireOneOf, requireOptions } from '@libconveyor/errors';
import type { Capabilities, OpenOptions } from '@libconveyor/storage';
import type { Durability, WaitLimits } from './engine-handle.ts';
import { type NativeOptions, unbuffered } from './native-binding.ts';

/** How a handle buffers. What is left out has the engine's default, given in brackets. Sizes are bytes. */
export interface BufferingOptions {
  /** First size of the write ring (64 KiB). */
  writeCapacityInitial?: number | undefined;
  /** Its bound (8 MiB), exact; `'off'`: writes go straight to the storage. Clause: W6. */
  writeCapacityMax?: number | 'off' | undefined;
  /** First window of a reader (128 KiB). Clause: R3. */
  readCapacityInitial?: number | undefined;
  /** Bound on all windows of the handle (8 MiB); `'off'`: reads go straight to the storage. */
  readCapacityMax?: number | 'off' | undefined;
  /** Largest coalesced operation on the storage (1 MiB, adaptive), 4 KiB to 1 GiB. Clause: W5. */
  maxIo?: number | undefined;
  /** Landing begins when so much is queued (`maxIo`, adaptive), 1 to `maxIo`. Clause: W5. */
  flushThreshold?: number | undefined;
  /** Reads of the storage in flight (4, adaptive, and never more than the storage says), 1 to 64. */
  readDepth?: number | undefined;
  /** Writes of the storage in flight (4, adaptive, and never more than the storage says), 1 to 64. Clause: W4. */
  writeDepth?: number | undefined;
  /** Reads of the storage start and end on multiples of this (1). */
  readAlign?: number | undefined;
  /** Accepted bytes start to land after at most this age (100). Clause: W10. */
  maxDirtyMs?: number | undefined;
  /** A write waits this long for room, then ETIMEDOUT (for ever). Clause: W6. */
  writeTimeoutMs?: number | undefined;
  /** A read waits this long for the storage (for ever). Clause: F9. */
  readTimeoutMs?: number | undefined;
  /** flush, sync, truncate and close wait this long (for ever). Clause: F9. */
  flushTimeoutMs?: number | undefined;
  /** Transient errors are retried this long (10000). Clause: F3. */
  retryDeadlineMs?: number | undefined;
  /** Sizes and depths that are not given here follow the storage's latency and throughput (true). Clause: A1. */
  adaptive?: boolean | undefined;
  /** Period of adaptation, and after how long memory of an idle handle is given back (1000). */
  tickMs?: number | undefined;
  /** A write larger than the ring: in pieces (`'split'`, the default here), or EMSGSIZE (`'refuse'`). Clause: W7. */
  largeWrite?: 'split' | 'refuse' | undefined;
  /** EAGAIN instead of waiting for room (false). Clause: W6. */
  nonblocking?: boolean | undefined;
  /** Landed bytes stay in the ring until a sync has succeeded (false). Clause: F2. */
  keepUntilSync?: boolean | undefined;
  /**
   * What `sync` and `close` promise (`'stored'`). `'staged'` needs a journal, which this version lacks. Clause: F10.
   */
  durability?: Durability | undefined;
}

/** Options of `open`: those of the storage, and how to buffer. */
export interface OpenHandleOptions extends OpenOptions, BufferingOptions {}

/** Options of `openFile`. */
export interface OpenFileOptions extends BufferingOptions {
  /** Whether closing the handle closes the file (true). */
  closeFile?: boolean | undefined;
}

/** Options in the form the addon takes. */
export interface ParsedOptions {
  readonly native: NativeOptions;
  readonly durability: Durability;
  readonly waitLimits: WaitLimits;
}

const kib = 1024;
const gib = 1024 ** 3;
const msMax = 0x7fffffff;

/** Name, least and largest value of what is a plain integer. */
const integers = [
  ['maxIo', 4 * kib, gib],
  ['flushThreshold', 1, gib],
  ['readDepth', 1, 64],
  ['writeDepth', 1, 64],
  ['readAlign', 1, gib],
  ['maxDirtyMs', 1, msMax],
  ['writeTimeoutMs', 1, msMax],
  ['readTimeoutMs', 1, msMax],
  ['flushTimeoutMs', 1, msMax],
  ['retryDeadlineMs', 1, msMax],
  ['tickMs', 1, msMax],
] as const;

const capacities = ['writeCapacityInitial', 'writeCapacityMax', 'readCapacityInitial', 'readCapacityMax'] as const;
const capacityMax = 2 ** 40;

const largeWrites = { refuse: 0, split: 1 } as const;
const durabilities = { stored: 0, staged: 1, memory: 2 } as const;

export const bufferingOptionNames: readonly string[] = [
  ...integers.map(([name]) => name),
  ...capacities,
  'largeWrite',
  'nonblocking',
  'keepUntilSync',
  'durability',
  'adaptive',
];

/**
 * Checks buffering options, before anything is opened.
 *
 * @param capabilities Of the storage: what it cannot do at once is not asked of it at once.
 * Errors: TypeError, RangeError, each naming the option.
 */
export function parseBuffering(options: BufferingOptions, capabilities: Capabilities): ParsedOptions {
  const native: Record<string, number | undefined> = depthsFor(capabilities);
  for (const [name, min, max] of integers) {
    const value = options[name];
    if (value === undefined) continue;
    requireInteger(`options.${name}`, value, min, max);
    native[name] = value;
  }
  for (const name of capacities) {
    const value = options[name];
    if (value !== undefined) native[name] = parseCapacity(name, value);
  }
  requireOrder(native, 'writeCapacityInitial', 'writeCapacityMax');
  requireOrder(native, 'readCapacityInitial', 'readCapacityMax');
  requireOrder(native, 'flushThreshold', 'maxIo');

  const { largeWrite = 'split', nonblocking = false, keepUntilSync = false, durability = 'stored' } = options;
  const { adaptive = true } = options;
  requireOneOf('options.largeWrite', largeWrite, Object.keys(largeWrites));
  requireBoolean('options.nonblocking', nonblocking);
  requireBoolean('options.keepUntilSync', keepUntilSync);
  requireBoolean('options.adaptive', adaptive);
  requireOneOf('options.durability', durability, Object.keys(durabilities));
  native.largeWrite = largeWrites[largeWrite];
  native.nonblocking = nonblocking ? 1 : 0;
  native.keepUntilSync = keepUntilSync ? 1 : 0;
  native.adaptive = adaptive ? 1 : 2;
  native.durability = durabilities[durability];
  const { readTimeoutMs, writeTimeoutMs, flushTimeoutMs } = options;
  return { native, durability, waitLimits: { bytes: readTimeoutMs, room: writeTimeoutMs, landing: flushTimeoutMs } };
}

/** Splits the options of `open` into the storage's and ours. Errors: TypeError for an option that does not exist. */
export function splitOpenOptions(options: OpenHandleOptions): { storage: OpenOptions; buffering: BufferingOptions } {
  requireOptions('options', options, ['mode', 'ifVersion', 'signal', ...bufferingOptionNames]);
  const { mode, ifVersion, signal, ...buffering } = options;
  const storage: OpenOptions = {};
  if (mode !== undefined) storage.mode = mode;
  if (ifVersion !== undefined) storage.ifVersion = ifVersion;
  if (signal !== undefined) storage.signal = signal;
  return { storage, buffering };
}

/** The engine's own depths, bounded by what the storage can use. */
function depthsFor({ io, randomWrite }: Capabilities): Record<string, number> {
  const depthMax = Math.max(1, Math.min(64, io.parallel));
  return randomWrite ? { depthMax } : { depthMax, writeDepth: 1 };
}

function parseCapacity(name: string, value: number | 'off'): number {
  if (value === 'off' && name.endsWith('Max')) return unbuffered;
  requireInteger(`options.${name}`, value, 1, capacityMax);
  return value;
}

function requireOrder(native: NativeOptions, initial: string, max: string): void {
  const [low, high] = [native[initial], native[max]];
  if (low === undefined || high === undefined || high === unbuffered || low <= high) return;
  throw argumentRangeError(`options.${initial}`, `at most options.${max} (${high})`, low);
}
