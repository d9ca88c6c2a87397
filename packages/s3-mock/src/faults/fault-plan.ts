import {
  argumentRangeError,
  argumentTypeError,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import { parseBandwidth, requireLatency } from '@libconveyor/storage/link';
import { type S3Operation, s3Operations } from '../operation-name.ts';
import { s3ErrorCodes } from '../s3-error.ts';
import { type MockFault, type MockFaultKind, type MockFaultPlan, type MockFaultRule, strikable } from './mock-fault.ts';

const faultOptions: Readonly<Record<MockFaultKind, readonly string[]>> = {
  latency: ['latencyMs'],
  bandwidth: ['bandwidth'],
  error: ['code', 'when', 'retryAfterSeconds'],
  reset: ['when', 'bytes'],
  truncate: ['bytes'],
  stall: ['when', 'bytes'],
  duplicate: ['answer'],
  'completion-error': ['code', 'when'],
  whitespace: ['count'],
  corrupt: ['where', 'bytes'],
  checksum: [],
  'whole-answer': [],
  'short-range': ['bytes'],
};

const moments: Partial<Record<MockFaultKind, readonly string[]>> = {
  error: ['before', 'after'],
  reset: ['before', 'request', 'after', 'answer'],
  stall: ['before', 'request', 'answer'],
  'completion-error': ['before', 'after'],
};

const ruleOptions = ['operation', 'bucket', 'key', 'keyPattern', 'nth', 'probability', 'times', 'fault'];

/** Requires a plan that makes sense. Errors: TypeError, RangeError, with the place in the plan. */
export function requireMockFaultPlan(name: string, plan: unknown): asserts plan is MockFaultPlan {
  if (!Array.isArray(plan)) throw argumentTypeError(name, 'an array of rules', plan);
  for (const [index, rule] of plan.entries()) requireRule(`${name}[${index}]`, rule);
}

/** The operations that a rule names; all that its fault can strike when it names none. */
export function operationsOf({ operation, fault }: MockFaultRule): readonly S3Operation[] {
  if (operation === undefined) return strikable(fault);
  return typeof operation === 'string' ? [operation] : operation;
}

function requireRule(name: string, rule: MockFaultRule): void {
  if (typeof rule !== 'object' || rule === null) throw argumentTypeError(name, 'an object', rule);
  requireOptions(name, rule, ruleOptions);
  requireFault(`${name}.fault`, rule.fault);
  const possible = strikable(rule.fault);
  const named = rule.operation === undefined ? [] : [rule.operation].flat();
  for (const operation of named) {
    requireOneOf(`${name}.operation`, operation, s3Operations);
    if (possible.includes(operation as S3Operation)) continue;
    throw argumentRangeError(`${name}.fault.kind`, `one that ${operation} can have`, rule.fault.kind);
  }
  if (rule.bucket !== undefined) requireString(`${name}.bucket`, rule.bucket);
  if (rule.key !== undefined) requireString(`${name}.key`, rule.key);
  if (rule.keyPattern !== undefined) requirePattern(`${name}.keyPattern`, rule.keyPattern);
  if (rule.nth !== undefined) requireInteger(`${name}.nth`, rule.nth, 1);
  if (rule.times !== undefined) requireInteger(`${name}.times`, rule.times, 1);
  if (rule.probability === undefined) return;
  if (typeof rule.probability !== 'number' || !(rule.probability >= 0 && rule.probability <= 1)) {
    throw argumentRangeError(`${name}.probability`, 'a number from 0 to 1', rule.probability);
  }
}

function requirePattern(name: string, pattern: unknown): void {
  requireString(name, pattern);
  try {
    new RegExp(pattern, 'u');
  } catch {
    throw argumentRangeError(name, 'a regular expression', pattern);
  }
}

function requireFault(name: string, fault: MockFault): void {
  if (typeof fault !== 'object' || fault === null) throw argumentTypeError(name, 'an object', fault);
  requireOneOf(`${name}.kind`, fault.kind, Object.keys(faultOptions));
  requireOptions(name, fault, ['kind', ...faultOptions[fault.kind]]);
  if (fault.kind === 'latency') requireLatency(`${name}.latencyMs`, fault.latencyMs);
  if (fault.kind === 'bandwidth') parseBandwidth(`${name}.bandwidth`, fault.bandwidth);
  if (fault.kind === 'error') requireOneOf(`${name}.code`, fault.code, s3ErrorCodes);
  if (fault.kind === 'error' && fault.retryAfterSeconds !== undefined) {
    requireInteger(`${name}.retryAfterSeconds`, fault.retryAfterSeconds, 0);
  }
  if (fault.kind === 'completion-error' && fault.code !== undefined) {
    requireOneOf(`${name}.code`, fault.code, s3ErrorCodes);
  }
  if (fault.kind === 'whitespace' && fault.count !== undefined) requireInteger(`${name}.count`, fault.count, 1);
  if (fault.kind === 'duplicate' && fault.answer !== undefined) {
    requireOneOf(`${name}.answer`, fault.answer, ['first', 'second']);
  }
  if (fault.kind === 'corrupt' && fault.where !== undefined) {
    requireOneOf(`${name}.where`, fault.where, ['request', 'answer']);
  }
  if ('bytes' in fault && fault.bytes !== undefined) requireInteger(`${name}.bytes`, fault.bytes, 0);
  if ('when' in fault && fault.when !== undefined) requireOneOf(`${name}.when`, fault.when, moments[fault.kind] ?? []);
}
