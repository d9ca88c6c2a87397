import { argumentTypeError, ConveyorError, requireInteger } from '@libconveyor/errors';
import { abortError } from '../abort.ts';
import type { Storage } from '../storage.ts';
import { type Fault, type FaultPlan, FaultSchedule, requireFaultPlan } from './fault-plan.ts';
import { InterceptedStorage } from './intercepted.ts';
import type { Call, Interceptor, OperationName, Proceed } from './interceptor.ts';
import { type Random, seededRandom } from './random.ts';

/** One fault that struck. */
export interface InjectedFault {
  readonly operation: OperationName;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  readonly fault: Fault;
}

/** A storage on which things go wrong, and the hand that holds the strings. */
export interface FaultyStorage extends Storage {
  readonly faults: FaultControl;
}

/** What a test sees and does about the faults of a storage. */
export class FaultControl {
  readonly #injected: InjectedFault[] = [];
  readonly #stalled = new Set<() => void>();
  readonly #awaiting = new Set<{ readonly count: number; readonly wake: () => void }>();

  /** Every fault that struck so far, in order. */
  get injected(): readonly InjectedFault[] {
    return this.#injected;
  }

  /** How many operations are stalled now. */
  get stalledCount(): number {
    return this.#stalled.size;
  }

  /** Resolves as soon as `count` operations are stalled at once. */
  awaitStalled(count = 1): Promise<void> {
    requireInteger('count', count, 1);
    if (this.stalledCount >= count) return Promise.resolve();
    return new Promise((wake) => this.#awaiting.add({ count, wake }));
  }

  /** Lets all operations go on that are stalled now. */
  release(): void {
    for (const go of this.#stalled) go();
    this.#stalled.clear();
  }

  /** For the layer. */
  note(injected: InjectedFault): void {
    this.#injected.push(injected);
  }

  #wakeAwaiting(): void {
    for (const awaiting of this.#awaiting) {
      if (this.#stalled.size < awaiting.count) continue;
      this.#awaiting.delete(awaiting);
      awaiting.wake();
    }
  }

  /** For the layer: waits for a release. Rejects when the signal aborts first. */
  stall({ operation, path, signal }: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      const details = { origin: 'with-faults', operation, path };
      if (signal?.aborted) {
        reject(abortError(signal, details));
        return;
      }
      const aborted = () => {
        this.#stalled.delete(go);
        if (signal !== undefined) reject(abortError(signal, details));
      };
      const go = () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#stalled.add(go);
      this.#wakeAwaiting();
    });
  }
}

/**
 * A storage on which things go wrong by plan; the same plan and seed give the same faults for the same calls. `close`
 * always closes, whatever it then says. Files have no `fd` here.
 *
 * Errors: TypeError, RangeError for nonsense in the plan.
 */
export function withFaults(storage: Storage, plan: FaultPlan, seed = 1): FaultyStorage {
  requireFaultPlan(plan);
  if (typeof storage !== 'object' || storage === null) throw argumentTypeError('storage', 'a Storage', storage);
  const random = seededRandom(seed);
  const faults = new FaultControl();
  const interceptor = new FaultInjector(new FaultSchedule(plan, random), faults, random);
  return Object.assign(new InterceptedStorage(storage, 'with-faults', interceptor), { faults });
}

class FaultInjector implements Interceptor {
  readonly #schedule: FaultSchedule;
  readonly #control: FaultControl;
  readonly #random: Random;

  constructor(schedule: FaultSchedule, control: FaultControl, random: Random) {
    this.#schedule = schedule;
    this.#control = control;
    this.#random = random;
  }

  async around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    const { operation, path, offset, signal } = call;
    if (signal?.aborted) throw abortError(signal, { origin: 'with-faults', operation, path });
    const fault = this.#schedule.next(operation, path);
    if (fault === undefined) return proceed();
    this.#control.note({ operation, path, offset, fault });
    if (fault.kind === 'error') return this.#fail(call, fault, proceed);
    if (fault.kind === 'stall') {
      await this.#control.stall(call);
      return proceed();
    }
    return (await this.#lie(call, fault, proceed as Proceed<unknown>)) as T;
  }

  async #fail<T>(call: Call, fault: Fault & { kind: 'error' }, proceed: Proceed<T>): Promise<T> {
    const { operation, path, offset, length, buffer } = call;
    const when = fault.when ?? 'before';
    if (when === 'partway' && buffer !== undefined) {
      const bytes = Math.min(fault.bytes ?? Math.floor(buffer.byteLength / 2), buffer.byteLength);
      if (operation === 'read') {
        await proceed();
        buffer.fill(0xee, bytes);
      } else {
        await proceed(buffer.subarray(0, bytes));
      }
    } else if (when === 'after' || operation === 'close') {
      await proceed();
    }
    const { code, retry } = fault;
    const detail = `injected ${when === 'partway' ? when : `${when} the effect`}`;
    throw new ConveyorError(code, { origin: 'with-faults', operation, path, offset, length, retry, detail });
  }

  async #lie(call: Call, fault: Fault, proceed: Proceed<unknown>): Promise<unknown> {
    const { operation, buffer, length } = call;
    if (fault.kind === 'count') {
      await proceed();
      return fault.count;
    }
    if (fault.kind === 'lost' || buffer === undefined) return length;
    if (operation !== 'read') return proceed(this.#flipped(buffer));
    const count = Number(await proceed());
    buffer.set(this.#flipped(buffer.subarray(0, count)));
    return count;
  }

  /** A copy with one bit changed. */
  #flipped(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(bytes);
    const index = Math.floor(this.#random() * copy.length);
    copy[index] = (copy[index] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    return copy;
  }
}
