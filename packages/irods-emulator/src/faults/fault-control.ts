import { requireInteger } from '@libconveyor/errors';
import { type Random, seededRandom } from '@libconveyor/storage';
import type {
  EmulatorFault,
  EmulatorFaultPlan,
  EmulatorFaultRule,
  FaultOperation,
  InjectedEmulatorFault,
} from './emulator-fault.ts';
import { operationsOf, requireEmulatorFaultPlan } from './fault-plan.ts';

/** So many faults are remembered; the oldest go first. */
const injectedMax = 10_000;

/** What happens to one message. */
export interface Misfortune {
  readonly latency?: Extract<EmulatorFault, { kind: 'latency' }> | undefined;
  readonly fault?: Exclude<EmulatorFault, { kind: 'latency' }> | undefined;
}

interface RuleState {
  readonly rule: EmulatorFaultRule;
  readonly operations: ReadonlySet<FaultOperation>;
  matched: number;
  struck: number;
}

/** What a test sees and does about the faults of a server. */
export class EmulatorFaultControl {
  readonly #random: Random;
  #rules: RuleState[] = [];
  #injected: InjectedEmulatorFault[] = [];
  readonly #silent = new Set<() => void>();
  readonly #awaiting = new Set<{ readonly count: number; readonly wake: () => void }>();

  constructor(plan: EmulatorFaultPlan, seed: number) {
    this.#random = seededRandom(seed);
    this.setPlan(plan);
  }

  /** Begins another plan: its rules count from zero. Errors: TypeError, RangeError for nonsense in it. */
  setPlan(plan: EmulatorFaultPlan): void {
    requireEmulatorFaultPlan('plan', plan);
    this.#rules = plan.map((rule) => ({ rule, operations: new Set(operationsOf(rule)), matched: 0, struck: 0 }));
  }

  /** Every fault that struck so far, in order; at least the last 5,000. */
  get injected(): readonly InjectedEmulatorFault[] {
    return this.#injected;
  }

  /** How many replies are held back now. */
  get silentCount(): number {
    return this.#silent.size;
  }

  /** Resolves as soon as `count` replies are held back at once. */
  awaitSilent(count = 1): Promise<void> {
    requireInteger('count', count, 1);
    if (this.silentCount >= count) return Promise.resolve();
    return new Promise((wake) => this.#awaiting.add({ count, wake }));
  }

  /** Lets all replies go that are held back now. */
  release(): void {
    for (const go of [...this.#silent]) go();
  }

  /**
   * For the server: what happens to a message.
   *
   * @param isPartial Whether its header alone has arrived; then only cuts inside of it are decided, else all others.
   */
  next(operation: FaultOperation, path: string | undefined, isPartial: boolean): Misfortune {
    let misfortune: Misfortune = {};
    for (const state of this.#rules) {
      const { rule, operations } = state;
      const { fault } = rule;
      if ((fault.kind === 'drop' && fault.when === 'request') !== isPartial) continue;
      if (!operations.has(operation) || (rule.path !== undefined && rule.path !== path)) continue;
      state.matched += 1;
      // Drawn for every match, so that one rule's limits do not shift another one's chances.
      const isDrawn = rule.probability === undefined || this.#random() < rule.probability;
      const isDue = (rule.nth ?? state.matched) === state.matched && state.struck < (rule.times ?? Infinity);
      const isTaken = fault.kind === 'latency' ? misfortune.latency !== undefined : misfortune.fault !== undefined;
      if (!isDrawn || !isDue || isTaken) continue;
      state.struck += 1;
      misfortune = fault.kind === 'latency' ? { ...misfortune, latency: fault } : { ...misfortune, fault };
      this.#injected.push({ operation, path, fault });
    }
    if (this.#injected.length > injectedMax) this.#injected = this.#injected.slice(-injectedMax / 2);
    return misfortune;
  }

  /** For the server: waits for a release, or until the connection is gone. */
  hold(onGone: (gone: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#silent.delete(go);
        resolve();
      };
      this.#silent.add(go);
      onGone(go);
      for (const awaiting of this.#awaiting) {
        if (this.#silent.size < awaiting.count) continue;
        this.#awaiting.delete(awaiting);
        awaiting.wake();
      }
    });
  }
}
