import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { open as openFileHandle, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open as openConveyor } from '@libconveyor/conveyor';
import type { Storage } from '@libconveyor/storage';
import { FsStorage } from '@libconveyor/storage-fs';
import { Pattern } from './pattern.ts';
import { runRounds, type Side, type Trial } from './rounds.ts';
import type { Outcome } from './samples.ts';
import type { CaseSettings, Workload } from './workload.ts';

const block = 4096;

/** What is between opening and closing, which nobody's time includes: closing as `stored` would sync. */
const buffering = { durability: 'memory' } as const;

interface Job {
  readonly path: string;
  readonly bytes: number;
  readonly pattern: Pattern;
  readonly trial: Trial;
}

type Work = (job: Job) => Promise<void>;

/** Makes the storage that conveyor's side goes through. */
export type StorageFactory = () => Storage;

const writeWithConveyor =
  (makeStorage: StorageFactory): Work =>
  async ({ path, bytes, pattern, trial }) => {
    await using storage = makeStorage();
    await using handle = await openConveyor(storage, path, 'r+', buffering);
    trial.watch.start();
    for (let index = 0; index < bytes / block; index += 1) await handle.write(pattern.block(index), 0, block, null);
    await handle.flush();
    trial.watch.stop();
  };

const writeWithFileHandle: Work = async ({ path, bytes, pattern, trial }) => {
  await using handle = await openFileHandle(path, 'r+');
  trial.watch.start();
  for (let index = 0; index < bytes / block; index += 1) await handle.write(pattern.block(index), 0, block, null);
  trial.watch.stop();
};

const writeSynchronously: Work = async ({ path, bytes, pattern, trial }) => {
  const fd = openSync(path, 'r+');
  try {
    trial.watch.start();
    for (let index = 0; index < bytes / block; index += 1) writeSync(fd, pattern.block(index), 0, block, null);
    trial.watch.stop();
  } finally {
    closeSync(fd);
  }
};

/** Where a side puts what it reads; filled with what no pattern has. */
const kept = (bytes: number): Buffer => Buffer.alloc(bytes, 0xa5);

function prove(job: Job, found: Uint8Array): void {
  job.pattern.requireEqual(found, job.bytes);
  job.trial.verifiedBytes = job.bytes;
}

const readWithConveyor =
  (makeStorage: StorageFactory): Work =>
  async (job) => {
    await using storage = makeStorage();
    await using handle = await openConveyor(storage, job.path, 'r', buffering);
    const target = kept(job.bytes);
    job.trial.watch.start();
    for (let at = 0; at < job.bytes; at += block) await handle.read(target, at, block, null);
    job.trial.watch.stop();
    prove(job, target);
  };

const readWithFileHandle: Work = async (job) => {
  await using handle = await openFileHandle(job.path, 'r');
  const target = kept(job.bytes);
  job.trial.watch.start();
  for (let at = 0; at < job.bytes; at += block) await handle.read(target, at, block, null);
  job.trial.watch.stop();
  prove(job, target);
};

const readSynchronously: Work = async (job) => {
  const fd = openSync(job.path, 'r');
  const target = kept(job.bytes);
  try {
    job.trial.watch.start();
    for (let at = 0; at < job.bytes; at += block) readSync(fd, target, at, block, null);
    job.trial.watch.stop();
  } finally {
    closeSync(fd);
  }
  prove(job, target);
};

/** The file of a case. Requires: the workload uses files. */
function fileIn({ directory }: CaseSettings): string {
  if (directory === undefined) throw new Error('a workload with files was given no directory');
  return join(directory, 'scratch');
}

/** Writes by each side in turn; each has the file to itself, fresh or with the bytes of the trial before. */
function writeSide(name: string, work: Work, settings: CaseSettings): Side {
  const path = fileIn(settings);
  const bytes = settings.scale.nodeBytes;
  const run = async (trial: Trial): Promise<void> => {
    const pattern = new Pattern(trial.seed, block);
    if (settings.condition === 'fresh') {
      await rm(path, { force: true });
      await writeFile(path, '');
    }
    const job: Job = { path, bytes, pattern, trial };
    await work(job);
    prove(job, await readFile(path));
  };
  return { name, run };
}

/** `await handle.write` of 4 KiB beside FileHandle and writeSync. @param makeStorage For tests: another storage. */
export function nodeWrites(makeStorage: StorageFactory = () => new FsStorage()): Workload {
  const run = async (settings: CaseSettings): Promise<Outcome> => {
    const { scale, rounds, signal } = settings;
    const bytes = scale.nodeBytes;
    if (settings.condition === 'overwrite') await writeFile(fileIn(settings), new Pattern(1, block).file(bytes));
    const sides = [
      writeSide('conveyor', writeWithConveyor(makeStorage), settings),
      writeSide('FileHandle', writeWithFileHandle, settings),
      writeSide('writeSync', writeSynchronously, settings),
    ];
    const samples = await runRounds(sides, { rounds, bytes, signal });
    return { kind: 'timed', bytes, operationBytes: block, samples };
  };
  return {
    id: 'node-write-4k',
    suite: 'node',
    title: 'Node: await handle.write of 4 KiB, final flush included',
    peer: 'FileHandle',
    requirements: [{ measure: 'ratio', bound: 'at least', limit: 20 }],
    places: 'each',
    conditions: [
      { name: 'fresh', label: 'fresh' },
      { name: 'overwrite', label: 'overwrite' },
    ],
    timeOf: 'operation',
    run,
  };
}

/** `await handle.read` of 4 KiB beside FileHandle and readSync. @param makeStorage For tests: another storage. */
export function nodeReads(makeStorage: StorageFactory = () => new FsStorage()): Workload {
  const run = async (settings: CaseSettings): Promise<Outcome> => {
    const { scale, rounds, signal } = settings;
    const bytes = scale.nodeBytes;
    const path = fileIn(settings);
    const pattern = new Pattern(1, block);
    await writeFile(path, pattern.file(bytes));
    const side = (name: string, work: Work): Side => ({ name, run: (trial) => work({ path, bytes, pattern, trial }) });
    const sides = [
      side('conveyor', readWithConveyor(makeStorage)),
      side('FileHandle', readWithFileHandle),
      side('readSync', readSynchronously),
    ];
    const samples = await runRounds(sides, { rounds, bytes, signal });
    return { kind: 'timed', bytes, operationBytes: block, samples };
  };
  return {
    id: 'node-read-4k',
    suite: 'node',
    title: 'Node: await handle.read of 4 KiB',
    peer: 'FileHandle',
    requirements: [{ measure: 'ratio', bound: 'at least', limit: 20 }],
    places: 'each',
    conditions: [{ name: 'kept', label: 'kept' }],
    timeOf: 'operation',
    run,
  };
}
