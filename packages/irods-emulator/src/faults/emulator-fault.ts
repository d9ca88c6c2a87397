import type { ApiName } from '@libconveyor/irods-protocol';
import type { Latency } from '@libconveyor/storage';

/** A message that something can happen to: an API, or a step of a connection's start and end. */
export type FaultOperation = ApiName | 'connect' | 'negotiation' | 'encryption' | 'disconnect';

/**
 * What goes wrong.
 *
 * - `latency`: the reply comes later
 * - `error`: the reply is this code, `before` the request is executed (default) or `after` it was
 * - `drop`: the connection is cut `before` the request is executed (default), inside of the `request`'s stream of
 *   bytes, `after` it was executed, or inside of the `reply`. `bytes` of them come through, default half
 * - `silence`: no reply until `release()`: `before` the request is executed (default) or `after` it was
 * - `short`: a read or a write is cut to `bytes`
 * - `corrupt`: one bit of the bytes read is wrong, or of those written
 * - `locked`: somebody else locks the object, before the request is executed
 * - `stale`: somebody else makes every replica stale, before
 * - `expire-token`: the token of the object is no longer known, before
 * - `full-disk`: there is no room: a write fails with -513028
 */
export type EmulatorFault =
  | { kind: 'latency'; latencyMs: Latency }
  | { kind: 'error'; code: number; when?: 'before' | 'after' | undefined }
  | { kind: 'drop'; when?: 'before' | 'request' | 'after' | 'reply' | undefined; bytes?: number | undefined }
  | { kind: 'silence'; when?: 'before' | 'after' | undefined }
  | { kind: 'short'; bytes: number }
  | { kind: 'corrupt' }
  | { kind: 'locked' }
  | { kind: 'stale' }
  | { kind: 'expire-token' }
  | { kind: 'full-disk' };

export type EmulatorFaultKind = EmulatorFault['kind'];

/** When something goes wrong: all conditions that are given must hold. */
export interface EmulatorFaultRule {
  /** Default every API. */
  operation?: FaultOperation | readonly FaultOperation[] | undefined;
  /** The path that the request is about, also by its descriptor. */
  path?: string | undefined;
  /** Of the messages that match so far, only this one, counted from 1. */
  nth?: number | undefined;
  /** Of the messages that match so far, each one with this probability, 0 to 1. */
  probability?: number | undefined;
  /** How often the rule strikes at most. Default: no limit. */
  times?: number | undefined;
  fault: EmulatorFault;
}

/** Rules in order of precedence: of those that strike a message the first one happens, and the first `latency`. */
export type EmulatorFaultPlan = readonly EmulatorFaultRule[];

/** One fault that struck. */
export interface InjectedEmulatorFault {
  readonly operation: FaultOperation;
  readonly path: string | undefined;
  readonly fault: EmulatorFault;
}
