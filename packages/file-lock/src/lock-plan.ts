import { argumentTypeError, requireBoolean, requireInteger, requireOneOf, requireOptions } from '@libconveyor/errors';
import { LockOwner } from './lock-owner.ts';
import type { LockMode, LockOptions, WaitOptions } from './lock-provider.ts';
import { flag } from './native-binding.ts';

/** Options that have been checked. */
export interface LockPlan {
  readonly mode: LockMode;
  /** For the addon, without `queues`. */
  readonly flags: number;
  /** 0 for one of its own. */
  readonly owner: number;
}

/** Options of a wait that have been checked. */
export interface WaitPlan extends LockPlan {
  /** Infinity for no limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly minMs: number;
  readonly maxMs: number;
}

const lockNames = ['mode', 'owner', 'reentrant', 'resource', 'primitive'];
const waitNames = [...lockNames, 'timeout', 'signal', 'poll'];

const pollMost = 60_000;
const pollMinDefault = 1;
const pollMaxDefault = 20;

const plainLock: LockPlan = { mode: 'exclusive', flags: 0, owner: 0 };
const plainWait: WaitPlan = {
  ...plainLock,
  timeoutMs: Number.POSITIVE_INFINITY,
  signal: undefined,
  minMs: pollMinDefault,
  maxMs: pollMaxDefault,
};

/** Errors: TypeError, RangeError (ERR_CONVEYOR_ARG_*, ERR_CONVEYOR_UNKNOWN_OPTION). */
export function planLock(options: LockOptions | undefined): LockPlan {
  if (options === undefined) return plainLock;
  requireOptions('options', options, lockNames);
  return planCommon(options);
}

/** Errors: as {@link planLock}. */
export function planWait(options: WaitOptions | undefined): WaitPlan {
  if (options === undefined) return plainWait;
  requireOptions('options', options, waitNames);
  const { timeout, signal, poll } = options;
  if (timeout !== undefined) requireMilliseconds('options.timeout', timeout);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw argumentTypeError('options.signal', 'an AbortSignal', signal);
  }
  requireOptions('options.poll', poll, ['minMs', 'maxMs']);
  const { minMs = pollMinDefault, maxMs = Math.max(minMs, pollMaxDefault) } = poll ?? {};
  requireInteger('options.poll.minMs', minMs, 1, pollMost);
  requireInteger('options.poll.maxMs', maxMs, minMs, pollMost);
  return { ...planCommon(options), timeoutMs: timeout ?? Number.POSITIVE_INFINITY, signal, minMs, maxMs };
}

function planCommon(options: LockOptions): LockPlan {
  const { mode = 'exclusive', owner, reentrant = false, resource = 'any', primitive = 'flock' } = options;
  requireOneOf('options.mode', mode, ['exclusive', 'shared']);
  requireBoolean('options.reentrant', reentrant);
  requireOneOf('options.resource', resource, ['any', 'file', 'directory']);
  requireOneOf('options.primitive', primitive, ['flock', 'byte-range']);
  if (owner !== undefined && !(owner instanceof LockOwner)) {
    throw argumentTypeError('options.owner', 'a LockOwner', owner);
  }
  const flags =
    (mode === 'shared' ? flag.shared : 0) |
    (reentrant ? flag.reentrant : 0) |
    (primitive === 'byte-range' ? flag.byteRange : 0) |
    (resource === 'file' ? flag.file : 0) |
    (resource === 'directory' ? flag.directory : 0);
  return { mode, flags, owner: owner?.id ?? 0 };
}

function requireMilliseconds(name: string, value: unknown): void {
  if (value === Number.POSITIVE_INFINITY) return;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw argumentTypeError(name, 'milliseconds', value);
  requireInteger(name, Math.ceil(value), 0);
}
