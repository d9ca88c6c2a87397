import {
  argumentRangeError,
  argumentTypeError,
  type ErrnoName,
  findErrno,
  type Retry,
  requireInteger,
  requireOneOf,
  requireOptions,
} from '@libconveyor/errors';
import { type OperationName, operationNames } from './interceptor.ts';

/**
 * What goes wrong.
 *
 * Faults that the contract allows:
 * - `error`: the operation fails with `code`, `before` it has an effect (default), `after` it had all of it, or
 * `partway`,
 *   after `bytes` of its bytes (`write`, `append` and `read` only; default half of them)
 * - `stall`: it waits until `release()`, or until its signal aborts, then goes on
 *
 * Lies, which break the contract, for tests of those who must not believe everything (`read`, `write`, `append`):
 * - `count`: it works, then answers `count`: more than asked, less, 0, NaN
 * - `lost`: it does nothing and answers as if it had
 * - `flip`: one bit of the bytes is wrong, on their way in either direction
 */
export type Fault =
  | {
      kind: 'error';
      code: ErrnoName;
      when?: 'before' | 'partway' | 'after' | undefined;
      bytes?: number | undefined;
      retry?: Retry | undefined;
    }
  | { kind: 'stall' }
  | { kind: 'count'; count: number }
  | { kind: 'lost' }
  | { kind: 'flip' };

/** When something goes wrong: all conditions that are given must hold. */
export interface FaultRule {
  /** Default any operation. */
  operation?: OperationName | readonly OperationName[] | undefined;
  /** The path itself, or an expression that matches it. Default any. */
  path?: string | RegExp | undefined;
  /** Of the calls that match so far, only this one, counted from 1. */
  nth?: number | undefined;
  /** Of the calls that match so far, each one with this probability, 0 to 1. */
  probability?: number | undefined;
  /** How often the rule strikes at most. Default: no limit. */
  times?: number | undefined;
  fault: Fault;
}

/** Rules in order of precedence: for each call the first one that strikes is the only one. */
export type FaultPlan = readonly FaultRule[];

const faultOptions: Readonly<Record<Fault['kind'], readonly string[]>> = {
  error: ['kind', 'code', 'when', 'bytes', 'retry'],
  stall: ['kind'],
  count: ['kind', 'count'],
  lost: ['kind'],
  flip: ['kind'],
};

/** The operations that carry bytes, which lies and `partway` are about. */
const carriers: readonly OperationName[] = ['read', 'write', 'append'];

/** Requires a plan that makes sense. Errors: TypeError, RangeError, with the place in the plan. */
export function requireFaultPlan(plan: unknown): asserts plan is FaultPlan {
  if (!Array.isArray(plan)) throw argumentTypeError('plan', 'an array of rules', plan);
  for (const [index, rule] of plan.entries()) requireRule(`plan[${index}]`, rule);
}

function requireRule(name: string, rule: FaultRule): void {
  if (rule === undefined) throw argumentTypeError(name, 'an object', rule);
  requireOptions(name, rule, ['operation', 'path', 'nth', 'probability', 'times', 'fault']);
  for (const operation of operationsOf(rule)) requireOneOf(`${name}.operation`, operation, operationNames);
  if (rule.path !== undefined && typeof rule.path !== 'string' && !(rule.path instanceof RegExp)) {
    throw argumentTypeError(`${name}.path`, 'a string or a RegExp', rule.path);
  }
  if (rule.nth !== undefined) requireInteger(`${name}.nth`, rule.nth, 1);
  if (rule.times !== undefined) requireInteger(`${name}.times`, rule.times, 1);
  if (rule.probability !== undefined && !(rule.probability >= 0 && rule.probability <= 1)) {
    throw argumentRangeError(`${name}.probability`, 'a number from 0 to 1', rule.probability);
  }
  requireFault(`${name}.fault`, rule.fault, operationsOf(rule));
}

function requireFault(name: string, fault: Fault, operations: readonly OperationName[]): void {
  if (typeof fault !== 'object' || fault === null) throw argumentTypeError(name, 'an object', fault);
  requireOneOf(`${name}.kind`, fault.kind, Object.keys(faultOptions));
  requireOptions(name, fault, faultOptions[fault.kind]);
  if (fault.kind === 'error') {
    if (findErrno(fault.code) === undefined)
      throw argumentRangeError(`${name}.code`, 'the name of an errno', fault.code);
    if (fault.when !== undefined) requireOneOf(`${name}.when`, fault.when, ['before', 'partway', 'after']);
    if (fault.bytes !== undefined) requireInteger(`${name}.bytes`, fault.bytes, 0);
    if (fault.retry !== undefined) requireOneOf(`${name}.retry`, fault.retry, ['never', 'safe', 'exhausted']);
    if (fault.bytes !== undefined && fault.when !== 'partway') {
      throw argumentRangeError(`${name}.bytes`, "absent unless when is 'partway'", fault.bytes);
    }
  }
  if (fault.kind === 'count' && typeof fault.count !== 'number') {
    throw argumentTypeError(`${name}.count`, 'a number', fault.count);
  }
  const aboutBytes = fault.kind === 'error' ? fault.when === 'partway' : fault.kind !== 'stall';
  const stray = operations.find((operation) => !carriers.includes(operation));
  if (aboutBytes && (operations.length === 0 || stray !== undefined)) {
    throw argumentRangeError(name, `one that ${stray ?? 'every operation'} can have`, fault.kind);
  }
}

function operationsOf({ operation }: FaultRule): readonly OperationName[] {
  if (operation === undefined) return [];
  return typeof operation === 'string' ? [operation] : operation;
}

/** Decides, call by call, which rule strikes. */
export class FaultSchedule {
  readonly #rules: { readonly rule: FaultRule; matched: number; struck: number }[];
  readonly #random: () => number;

  constructor(plan: FaultPlan, random: () => number) {
    this.#rules = plan.map((rule) => ({ rule, matched: 0, struck: 0 }));
    this.#random = random;
  }

  /** The fault for the next call, or undefined. Every rule that matches counts the call, whichever strikes. */
  next(operation: OperationName, path: string | undefined): Fault | undefined {
    let fault: Fault | undefined;
    for (const state of this.#rules) {
      const { rule } = state;
      const operations = operationsOf(rule);
      if (operations.length > 0 && !operations.includes(operation)) continue;
      if (!matchesPath(rule.path, path)) continue;
      state.matched++;
      // Drawn for every match, so that one rule's limits do not shift another one's chances.
      const drawn = rule.probability === undefined || this.#random() < rule.probability;
      const due = drawn && (rule.nth ?? state.matched) === state.matched && state.struck < (rule.times ?? Infinity);
      if (!due || fault !== undefined) continue;
      state.struck++;
      fault = rule.fault;
    }
    return fault;
  }
}

function matchesPath(wanted: string | RegExp | undefined, path: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (path === undefined) return false;
  if (typeof wanted === 'string') return wanted === path;
  // `search` ignores lastIndex, which `test` of a global expression would move.
  return path.search(wanted) >= 0;
}
