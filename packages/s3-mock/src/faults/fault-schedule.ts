import type { Latency, Random } from '@libconveyor/storage';
import { parseBandwidth } from '@libconveyor/storage/link';
import type { S3Request } from '../s3-request.ts';
import { operationsOf } from './fault-plan.ts';
import type { MockFault, MockFaultPlan, MockFaultRule } from './mock-fault.ts';

/** What happens to one request. */
export interface Misfortune {
  readonly latencyMs?: Latency | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly fault?: Exclude<MockFault, { kind: 'latency' | 'bandwidth' }> | undefined;
  /** Everything of it, for the record. */
  readonly faults: readonly MockFault[];
}

const nothing: Misfortune = { faults: [] };

/** Decides, request by request, which rules strike. */
export class FaultSchedule {
  readonly #rules: {
    readonly rule: MockFaultRule;
    readonly pattern: RegExp | undefined;
    matched: number;
    struck: number;
  }[];
  readonly #random: Random;

  constructor(plan: MockFaultPlan, random: Random) {
    this.#rules = plan.map((rule) => {
      const pattern = rule.keyPattern === undefined ? undefined : new RegExp(rule.keyPattern, 'u');
      return { rule, pattern, matched: 0, struck: 0 };
    });
    this.#random = random;
  }

  /** For the next request. Every rule that matches counts it, whichever strikes. */
  next(request: S3Request): Misfortune {
    const faults: MockFault[] = [];
    for (const state of this.#rules) {
      const { rule } = state;
      if (!isMeant(rule, state.pattern, request)) continue;
      state.matched++;
      // Drawn for every match, so that one rule's limits do not shift another one's chances.
      const drawn = rule.probability === undefined || this.#random() < rule.probability;
      const due = (rule.nth ?? state.matched) === state.matched && state.struck < (rule.times ?? Infinity);
      if (!drawn || !due || faults.some((other) => sortOf(other) === sortOf(rule.fault))) continue;
      state.struck++;
      faults.push(rule.fault);
    }
    return faults.length === 0 ? nothing : misfortuneOf(faults);
  }
}

function sortOf({ kind }: MockFault): string {
  return kind === 'latency' || kind === 'bandwidth' ? kind : 'other';
}

function misfortuneOf(faults: readonly MockFault[]): Misfortune {
  let found: Misfortune = { faults };
  for (const fault of faults) {
    if (fault.kind === 'latency') found = { ...found, latencyMs: fault.latencyMs };
    else if (fault.kind === 'bandwidth') {
      found = { ...found, bytesPerSecond: parseBandwidth('bandwidth', fault.bandwidth) };
    } else found = { ...found, fault };
  }
  return found;
}

function isMeant(rule: MockFaultRule, pattern: RegExp | undefined, request: S3Request): boolean {
  const { operation, bucket, key } = request;
  if (operation === undefined || !operationsOf(rule).includes(operation)) return false;
  const isAboutRange = rule.fault.kind === 'whole-answer' || rule.fault.kind === 'short-range';
  if (isAboutRange && request.header('range') === undefined) return false;
  if (rule.bucket !== undefined && rule.bucket !== bucket) return false;
  if (rule.key !== undefined && rule.key !== key) return false;
  return pattern === undefined || (key !== undefined && pattern.test(key));
}
