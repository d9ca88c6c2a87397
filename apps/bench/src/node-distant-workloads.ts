import { open as openConveyor } from '@libconveyor/conveyor';
import { InterceptedStorage, MemoryStorage, type Storage, withLatency } from '@libconveyor/storage';
import { Pattern } from './pattern.ts';
import { runRounds, type Side, type Trial } from './rounds.ts';
import type { Outcome } from './samples.ts';
import type { CaseSettings, Workload } from './workload.ts';

const block = 4096;
const delayMs = 2;
const path = '/scratch';
const buffering = { durability: 'memory' } as const;

/** A storage in memory as its own place, and as it looks from far away. */
class Distance {
  readonly near: Storage;
  readonly far: Storage;
  #operations = 0;

  constructor(near: Storage) {
    this.near = near;
    this.far = new InterceptedStorage(withLatency(near, { latencyMs: delayMs }), 'bench', {
      around: (_call, proceed) => {
        this.#operations += 1;
        return proceed();
      },
    });
  }

  /** Operations that the far side has been asked for. */
  get operations(): number {
    return this.#operations;
  }

  async put(content: Uint8Array): Promise<void> {
    await using file = await this.near.open(path, 'w');
    if (content.byteLength > 0) await file.write(content, 0);
  }

  async content(): Promise<Uint8Array> {
    await using file = await this.near.open(path, 'r');
    const content = new Uint8Array(await file.size());
    await file.read(content, 0);
    return content;
  }

  async close(): Promise<void> {
    await this.far.close();
  }
}

/** What one side does between the clock's start and stop. */
interface Job {
  readonly distance: Distance;
  readonly bytes: number;
  readonly pattern: Pattern;
  readonly trial: Trial;
}

type Work = (job: Job) => Promise<void>;

async function timed({ trial, distance }: Job, work: () => Promise<void>): Promise<void> {
  const before = distance.operations;
  trial.watch.start();
  await work();
  trial.watch.stop();
  trial.backendOperations = distance.operations - before;
}

const writeWithConveyor: Work = async (job) => {
  await using handle = await openConveyor(job.distance.far, path, 'r+', buffering);
  await timed(job, async () => {
    for (let at = 0; at < job.bytes; at += block) await handle.write(job.pattern.block(at / block), 0, block, null);
    await handle.flush();
  });
};

const writeUnbuffered: Work = async (job) => {
  await using file = await job.distance.far.open(path, 'r+');
  await timed(job, async () => {
    for (let at = 0; at < job.bytes; at += block) await file.write(job.pattern.block(at / block), at);
  });
};

const readWithConveyor: Work = async (job) => {
  const target = Buffer.alloc(job.bytes, 0xa5);
  await using handle = await openConveyor(job.distance.far, path, 'r', buffering);
  await timed(job, async () => {
    for (let at = 0; at < job.bytes; at += block) await handle.read(target, at, block, null);
  });
  job.pattern.requireEqual(target, job.bytes);
};

const readUnbuffered: Work = async (job) => {
  const target = Buffer.alloc(job.bytes, 0xa5);
  await using file = await job.distance.far.open(path, 'r');
  await timed(job, async () => {
    for (let at = 0; at < job.bytes; at += block) await file.read(target.subarray(at, at + block), at);
  });
  job.pattern.requireEqual(target, job.bytes);
};

interface DistantWorkload {
  id: string;
  title: string;
  condition: Workload['conditions'][number];
  isWrite: boolean;
  works: readonly [conveyor: Work, unbuffered: Work];
  makeStorage: () => Storage;
}

function distantWorkload({ id, title, condition, isWrite, works, makeStorage }: DistantWorkload): Workload {
  const side = (name: string, work: Work, bytes: number): Side => ({
    name,
    async run(trial) {
      const pattern = new Pattern(trial.seed, block);
      const distance = new Distance(makeStorage());
      await distance.put(isWrite ? new Uint8Array() : pattern.file(bytes));
      await work({ distance, bytes, pattern, trial });
      if (isWrite) pattern.requireEqual(await distance.content(), bytes);
      trial.verifiedBytes = bytes;
      await distance.close();
    },
  });
  const run = async ({ scale, rounds, signal }: CaseSettings): Promise<Outcome> => {
    const bytes = scale.distantBytes;
    const [conveyor, unbuffered] = works;
    const sides = [side('conveyor', conveyor, bytes), { ...side('unbuffered', unbuffered, bytes), roundsMost: 1 }];
    const samples = await runRounds(sides, { rounds, bytes, signal });
    return { kind: 'timed', bytes, operationBytes: block, samples };
  };
  return {
    id,
    suite: 'node',
    title,
    peer: 'unbuffered',
    requirements: [{ measure: 'ms', bound: 'at most', limit: 40 }],
    places: 'none',
    conditions: [condition],
    timeOf: 'whole',
    run,
  };
}

/** 4 KiB writes to a storage in JavaScript whose operations take 2 ms. @param makeStorage For tests. */
export function nodeDistantWrites(makeStorage: () => Storage = () => new MemoryStorage()): Workload {
  return distantWorkload({
    id: 'node-distant-write',
    title: 'Node: 4 KiB writes, a JavaScript storage of 2 ms, flush included',
    condition: { name: 'empty', label: 'empty file' },
    isWrite: true,
    works: [writeWithConveyor, writeUnbuffered],
    makeStorage,
  });
}

/** 4 KiB reads from a storage in JavaScript whose operations take 2 ms. @param makeStorage For tests. */
export function nodeDistantReads(makeStorage: () => Storage = () => new MemoryStorage()): Workload {
  return distantWorkload({
    id: 'node-distant-read',
    title: 'Node: 4 KiB reads, a JavaScript storage of 2 ms, cold',
    condition: { name: 'cold', label: 'cold' },
    isWrite: false,
    works: [readWithConveyor, readUnbuffered],
    makeStorage,
  });
}
