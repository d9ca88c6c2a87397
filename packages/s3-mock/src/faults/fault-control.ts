import { requireInteger } from '@libconveyor/errors';
import { type Random, seededRandom } from '@libconveyor/storage';
import type { S3Operation } from '../operation-name.ts';
import type { S3Request } from '../s3-request.ts';
import { requireMockFaultPlan } from './fault-plan.ts';
import { FaultSchedule, type Misfortune } from './fault-schedule.ts';
import type { MockFault, MockFaultPlan } from './mock-fault.ts';

/** One fault that struck. */
export interface InjectedMockFault {
  readonly operation: S3Operation | undefined;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly fault: MockFault;
}

/** So many faults are remembered; the oldest go first. */
const injectedMax = 10_000;

/** What a test sees and does about the faults of a server. */
export class MockFaultControl {
  readonly #random: Random;
  #schedule: FaultSchedule;
  #injected: InjectedMockFault[] = [];
  readonly #stalled = new Set<() => void>();
  readonly #awaiting = new Set<{ readonly count: number; readonly wake: () => void }>();

  constructor(plan: MockFaultPlan, seed: number) {
    this.#random = seededRandom(seed);
    this.#schedule = new FaultSchedule(plan, this.#random);
  }

  /** Begins another plan: its rules count from zero. Errors: TypeError, RangeError for nonsense in it. */
  setPlan(plan: MockFaultPlan): void {
    requireMockFaultPlan('plan', plan);
    this.#schedule = new FaultSchedule(plan, this.#random);
  }

  /** Every fault that struck so far, in order; at least the last 5,000. */
  get injected(): readonly InjectedMockFault[] {
    return this.#injected;
  }

  /** Forgets what has struck so far. */
  resetInjected(): void {
    this.#injected = [];
  }

  /** How many requests are stalled now. */
  get stalledCount(): number {
    return this.#stalled.size;
  }

  /** Resolves as soon as `count` requests are stalled at once. */
  awaitStalled(count = 1): Promise<void> {
    requireInteger('count', count, 1);
    if (this.stalledCount >= count) return Promise.resolve();
    return new Promise((wake) => this.#awaiting.add({ count, wake }));
  }

  /** Lets all requests go on that are stalled now. */
  release(): void {
    for (const go of [...this.#stalled]) go();
  }

  /** For the server: what happens to a request. */
  next(request: S3Request): Misfortune {
    const misfortune = this.#schedule.next(request);
    const { operation, bucket, key } = request;
    for (const fault of misfortune.faults) this.#injected.push({ operation, bucket, key, fault });
    if (this.#injected.length > injectedMax) this.#injected = this.#injected.slice(-injectedMax / 2);
    return misfortune;
  }

  /** For the server: waits for a release, or until nobody waits for the answer any more. */
  stall(onGone: (gone: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#stalled.delete(go);
        resolve();
      };
      this.#stalled.add(go);
      onGone(go);
      for (const awaiting of this.#awaiting) {
        if (this.#stalled.size < awaiting.count) continue;
        this.#awaiting.delete(awaiting);
        awaiting.wake();
      }
    });
  }
}
