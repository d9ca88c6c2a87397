import {
  argumentRangeError,
  argumentTypeError,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import { requireLatency } from '@libconveyor/storage/link';
import { servedApis } from '../apis/api-table.ts';
import type {
  EmulatorFault,
  EmulatorFaultKind,
  EmulatorFaultPlan,
  EmulatorFaultRule,
  FaultOperation,
} from './emulator-fault.ts';

const steps: readonly FaultOperation[] = ['connect', 'negotiation', 'encryption', 'disconnect'];
const options: Readonly<Record<EmulatorFaultKind, readonly string[]>> = {
  latency: ['latencyMs'],
  error: ['code', 'when'],
  drop: ['when', 'bytes'],
  silence: ['when'],
  short: ['bytes'],
  corrupt: [],
  locked: [],
  stale: [],
  'expire-token': [],
  'full-disk': [],
};
const moments: Partial<Record<EmulatorFaultKind, readonly string[]>> = {
  error: ['before', 'after'],
  drop: ['before', 'request', 'after', 'reply'],
  silence: ['before', 'after'],
};
const streams: readonly FaultOperation[] = ['dataObjWrite', 'dataObjPut'];
const transfers: readonly FaultOperation[] = ['dataObjRead', 'dataObjWrite'];
const ruleOptions = ['operation', 'path', 'nth', 'probability', 'times', 'fault'];

/** Requires a plan that makes sense. Errors: TypeError, RangeError, with the place in the plan. */
export function requireEmulatorFaultPlan(name: string, plan: unknown): asserts plan is EmulatorFaultPlan {
  if (!Array.isArray(plan)) throw argumentTypeError(name, 'an array of rules', plan);
  for (const [index, rule] of plan.entries()) requireRule(`${name}[${index}]`, rule as EmulatorFaultRule);
}

/** The messages that a rule names; all that its fault can strike when it names none. */
export function operationsOf({ operation, fault }: EmulatorFaultRule): readonly FaultOperation[] {
  if (operation === undefined) return strikable(fault);
  return typeof operation === 'string' ? [operation] : operation;
}

function strikable(fault: EmulatorFault): readonly FaultOperation[] {
  switch (fault.kind) {
    case 'drop':
      return fault.when === 'request' ? streams : [...servedApis, ...steps];
    case 'silence':
      return [...servedApis, 'connect', 'negotiation'];
    case 'short':
    case 'corrupt':
      return transfers;
    case 'full-disk':
      return ['dataObjWrite', 'dataObjPut'];
    default:
      return servedApis;
  }
}

function requireRule(name: string, rule: EmulatorFaultRule): void {
  if (typeof rule !== 'object' || rule === null) throw argumentTypeError(name, 'an object', rule);
  requireOptions(name, rule, ruleOptions);
  requireFault(`${name}.fault`, rule.fault);
  const possible = strikable(rule.fault);
  for (const operation of rule.operation === undefined ? [] : [rule.operation].flat()) {
    requireOneOf(`${name}.operation`, operation, [...servedApis, ...steps]);
    if (possible.includes(operation)) continue;
    throw argumentRangeError(`${name}.fault.kind`, `one that ${operation} can have`, rule.fault.kind);
  }
  if (rule.path !== undefined) requireString(`${name}.path`, rule.path);
  if (rule.path !== undefined && rule.fault.kind === 'drop' && rule.fault.when === 'request') {
    throw argumentRangeError(`${name}.path`, 'absent: a request that is cut names no path yet', rule.path);
  }
  if (rule.nth !== undefined) requireInteger(`${name}.nth`, rule.nth, 1);
  if (rule.times !== undefined) requireInteger(`${name}.times`, rule.times, 1);
  if (rule.probability === undefined) return;
  if (typeof rule.probability !== 'number' || !(rule.probability >= 0 && rule.probability <= 1)) {
    throw argumentRangeError(`${name}.probability`, 'a number from 0 to 1', rule.probability);
  }
}

function requireFault(name: string, fault: EmulatorFault): void {
  if (typeof fault !== 'object' || fault === null) throw argumentTypeError(name, 'an object', fault);
  requireOneOf(`${name}.kind`, fault.kind, Object.keys(options));
  requireOptions(name, fault, ['kind', ...options[fault.kind]]);
  if (fault.kind === 'latency') requireLatency(`${name}.latencyMs`, fault.latencyMs);
  if (fault.kind === 'error') requireInteger(`${name}.code`, fault.code, -9_999_999, -1);
  if (fault.kind === 'short') requireInteger(`${name}.bytes`, fault.bytes, 0);
  if ('bytes' in fault && fault.bytes !== undefined) requireInteger(`${name}.bytes`, fault.bytes, 0);
  if ('when' in fault && fault.when !== undefined) requireOneOf(`${name}.when`, fault.when, moments[fault.kind] ?? []);
}
