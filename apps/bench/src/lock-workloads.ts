import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockContenders, type LockSide } from './lock-contenders.ts';
import { runRounds, type Side } from './rounds.ts';
import { type Outcome, VerificationError } from './samples.ts';
import type { CaseSettings, Workload } from './workload.ts';

/** Of a counter; what was counted is verified as bytes. */
const wordBytes = 8;

/**
 * Locks that the processes of a side take together before the clock, so that none is measured while its code is
 * compiled: V8 is done with it after some 5,000. `proper-lockfile` spends its time elsewhere.
 */
const warmUp = { full: 40_000, short: 100, 'proper-lockfile': 100 } as const;

interface Contest {
  readonly processes: number;
  readonly task: 'increments' | 'pairs';
  /** For each process. */
  readonly count: number;
}

/** What differs between the workloads that are measured by time. */
interface TimedLock {
  readonly id: string;
  readonly title: string;
  readonly sides: readonly LockSide[];
  /** Sides that run once: they take seconds. */
  readonly slow?: readonly LockSide[];
  readonly peer: LockSide;
  readonly least: number;
  readonly contest: (isFull: boolean) => Contest;
}

function timedLock({ id, title, sides, slow = [], peer, least, contest }: TimedLock): Workload {
  return {
    id,
    suite: 'lock',
    title,
    peer,
    requirements: [{ measure: 'ratio', bound: 'at least', limit: least }],
    places: 'each',
    conditions: [{ name: 'sidecar', label: 'same sidecar' }],
    timeOf: 'operation',
    async run({ directory, scale, rounds, signal }: CaseSettings): Promise<Outcome> {
      const plan = contest(scale.isFull);
      const bytes = plan.processes * plan.count * wordBytes;
      const all = [...sides, ...slow].map((name) =>
        sideOf(name, plan, warmUpOf(name, scale.isFull), directory ?? '.', signal),
      );
      const once = all.map((side) => (slow.includes(side.name as LockSide) ? { ...side, roundsMost: 1 } : side));
      const samples = await runRounds(once, { rounds, bytes, signal });
      return { kind: 'timed', bytes, operationBytes: wordBytes, samples };
    },
  };
}

function warmUpOf(side: LockSide, isFull: boolean): number {
  if (side === 'flock(1)') return 0; // each of its increments is a process
  return side === 'proper-lockfile' ? warmUp[side] : isFull ? warmUp.full : warmUp.short;
}

function sideOf(name: LockSide, plan: Contest, before: number, directory: string, signal: AbortSignal): Side {
  return {
    name,
    async run(trial) {
      const path = join(directory, `counter-${trial.seed}`);
      writeFileSync(path, name === 'flock(1)' ? '0\n' : new BigInt64Array(1));
      using contenders = new LockContenders(name, path, plan.processes, signal);
      await contenders.ready();
      if (before > 0) await contenders.all(`pairs ${Math.ceil(before / plan.processes)}`);
      trial.watch.start();
      const counts = await contenders.all(`${plan.task} ${plan.count}`);
      trial.watch.stop();
      const done = counts.reduce((sum, count) => sum + count, 0);
      if (plan.task === 'increments') requireCounted(path, name, done);
      trial.verifiedBytes = done * wordBytes;
    },
  };
}

/** Errors: VerificationError when an update was lost. */
function requireCounted(path: string, name: LockSide, done: number): void {
  const bytes = readFileSync(path);
  const counted = name === 'flock(1)' ? Number(bytes.toString()) : Number(bytes.readBigInt64LE());
  if (counted !== done) throw new VerificationError(`${name} lost ${done - counted} of ${done} updates`);
}

/** Sixteen that never pause: what the one with the fewest acquisitions has of the mean. */
const fairness: Workload = {
  id: 'lock-share',
  suite: 'lock',
  title: 'Node: 16 processes that never pause, for 3 s: the least share',
  peer: undefined,
  requirements: [{ measure: 'leastShare', bound: 'at least', limit: 0.25 }],
  places: 'one',
  conditions: [{ name: 'sidecar', label: 'same sidecar' }],
  timeOf: 'operation',
  async run({ directory = '.', scale, signal }): Promise<Outcome> {
    const path = join(directory, 'counter');
    writeFileSync(path, new BigInt64Array(1));
    using contenders = new LockContenders('conveyor', path, scale.isFull ? 16 : 4, signal);
    await contenders.ready();
    const before = await contenders.all('increments 20');
    const counts = await contenders.all(`share ${scale.isFull ? 3000 : 200}`);
    requireCounted(
      path,
      'conveyor',
      [...before, ...counts].reduce((sum, count) => sum + count, 0),
    );
    return { kind: 'shared', counts };
  },
};

/** The lock beside its peers: acquisitions by several processes on one sidecar. */
export const lockWorkloads: readonly Workload[] = [
  timedLock({
    id: 'lock-pairs',
    title: 'Node: lock and unlock, one process',
    sides: ['conveyor', 'C++ API', 'C program'],
    slow: ['proper-lockfile'],
    peer: 'C program',
    least: 1 / 3,
    contest: (isFull) => ({ processes: 1, task: 'pairs', count: isFull ? 5000 : 100 }),
  }),
  timedLock({
    id: 'lock-increments',
    title: 'Node: 8 processes, read-modify-write under the lock',
    sides: ['conveyor', 'C++ API', 'C program'],
    peer: 'C program',
    least: 0.8,
    contest: (isFull) => ({ processes: isFull ? 8 : 3, task: 'increments', count: isFull ? 1000 : 50 }),
  }),
  timedLock({
    id: 'lock-increments-npm',
    title: 'Node: 8 processes, 400 each, beside the npm package and flock(1)',
    sides: ['conveyor'],
    slow: ['proper-lockfile', 'flock(1)'],
    peer: 'proper-lockfile',
    least: 20,
    contest: (isFull) => ({ processes: isFull ? 8 : 3, task: 'increments', count: isFull ? 400 : 20 }),
  }),
  fairness,
];
