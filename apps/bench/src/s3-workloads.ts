import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Requirement } from './requirement.ts';
import { runRounds, type Side, type Trial } from './rounds.ts';
import { randomAtCeiling, readAtCeiling, writeAtCeiling } from './s3-ceiling.ts';
import { firstByteThroughMount, type Mounter, readThroughMount, writeThroughMount } from './s3-mounts.ts';
import {
  firstByteWithConveyor,
  firstByteWithSdk,
  randomCount,
  randomWithConveyor,
  randomWithSdk,
} from './s3-random.ts';
import {
  copyWithRclone,
  readWithConveyor,
  readWithSdk,
  type S3Job,
  takeObject,
  writeWithConveyor,
  writeWithSdk,
} from './s3-sides.ts';
import { S3Site } from './s3-site.ts';
import {
  addAtCeiling,
  addThroughMount,
  addWithConveyor,
  addWithRclone,
  addWithSdk,
  requireSmallObjects,
  type SmallFilesJob,
  smallFileBytes,
  withSmallFiles,
} from './s3-small-files.ts';
import type { Outcome } from './samples.ts';
import { ceiling } from './wire-table.ts';
import type { CaseSettings, Condition, Scale, Workload } from './workload.ts';

const kib = 1024;
/** 1 Gbit/s. */
const linkBytesPerSecond = 125_000_000;
/** Where something must be reached. */
const near = '20ms';

const conditions: readonly Condition[] = [
  { name: '0ms', label: '0 ms' },
  { name: near, label: '20 ms' },
  { name: '100ms', label: '100 ms' },
];

type Work<T> = readonly [name: string, work: (job: T) => Promise<void>];

interface S3Workload {
  readonly id: string;
  readonly title: string;
  readonly requirements: readonly Requirement[];
  readonly rivals?: readonly string[];
  /** What is read or written by a trial. */
  readonly bytesOf: (scale: Scale) => number;
  readonly operationBytes: number;
  readonly isWrite?: boolean;
  /** Whether so much is moved that the link is what counts. */
  readonly fillsLink?: boolean;
  readonly sides: readonly Work<S3Job>[];
}

/** Runs a side and notes what the server saw of it. */
async function observed(site: S3Site, trial: Trial, work: () => Promise<void>): Promise<void> {
  await site.reset();
  await work();
  const { requests, inFlightMax, bytesReceived, bytesSent } = await site.stats();
  trial.backendOperations = requests;
  trial.wire = { bytes: bytesReceived + bytesSent, inFlightMax };
}

function startSite(condition: string): Promise<S3Site> {
  return S3Site.start({ latencyMs: Number.parseInt(condition, 10), bytesPerSecond: linkBytesPerSecond });
}

const common = { suite: 's3', peer: 'sdk', places: 'none', conditions, timeOf: 'whole' } as const;

/** Work on one large object. */
function objectWorkload(workload: S3Workload): Workload {
  const { id, title, requirements, rivals, bytesOf, operationBytes, isWrite = false, fillsLink, sides } = workload;
  const run = async ({ condition, scale, rounds, signal }: CaseSettings): Promise<Outcome> => {
    const bytes = bytesOf(scale);
    await using site = await startSite(condition);
    await site.create('made', scale.s3Bytes);
    const all = sides.map(
      ([name, work]): Side => ({
        name,
        async run(trial) {
          const key = isWrite ? `written-${trial.seed}` : 'made';
          const job = { site, key, bytes: isWrite ? bytes : scale.s3Bytes, watch: trial.watch };
          await observed(site, trial, () => work(job));
          if (isWrite) await takeObject(job);
          trial.verifiedBytes = bytes;
        },
      }),
    );
    const samples = await runRounds(all, { rounds, bytes, signal });
    return { kind: 'timed', bytes, operationBytes, samples, ...(fillsLink ? { linkBytesPerSecond } : {}) };
  };
  return { ...common, id, title, requirements, rivals, run };
}

/** A directory of small files that goes into the bucket. */
function smallFilesWorkload(peer: string, sides: readonly Work<SmallFilesJob>[]): Workload {
  const run = ({ condition, scale, rounds, signal }: CaseSettings): Promise<Outcome> =>
    withSmallFiles(scale.s3Files, async (files) => {
      const bytes = scale.s3Files * smallFileBytes;
      await using site = await startSite(condition);
      const all = sides.map(
        ([name, work]): Side => ({
          name,
          async run(trial) {
            const job = { site, ...files, prefix: `added-${trial.seed}`, watch: trial.watch };
            await observed(site, trial, () => work(job));
            await requireSmallObjects(job);
            trial.verifiedBytes = bytes;
          },
        }),
      );
      const samples = await runRounds(all, { rounds, bytes, signal });
      return { kind: 'timed', bytes, operationBytes: smallFileBytes, samples };
    });
  const title = 'S3: adding many small files, 16 at once, 1 Gbit/s';
  const requirements = [{ measure: 'ratio', bound: 'at least', limit: 1, condition: near }] as const;
  return { ...common, id: 's3-small-files', title, peer, requirements, run };
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function canMount(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return isInstalled('fusermount3');
  } catch {
    return false;
  }
}

/** The sides that this machine has beside ours and the SDK. */
class Installed {
  readonly rclone = isInstalled('rclone');
  readonly mounters: readonly Mounter[] = canMount() ? (['rclone', 's3fs'] as const).filter(isInstalled) : [];
  readonly mounts: readonly string[] = this.mounters.map(mountName);

  copies<T>(work: (job: T) => Promise<void>): Work<T>[] {
    return this.rclone ? [['rclone', work]] : [];
  }

  mounted<T>(work: (mounter: Mounter, job: T) => Promise<void>): Work<T>[] {
    return this.mounters.map((mounter) => [mountName(mounter), (job) => work(mounter, job)]);
  }
}

function mountName(mounter: Mounter): string {
  return mounter === 'rclone' ? 'rclone VFS' : mounter;
}

const linkShare: Requirement = { measure: 'linkShare', bound: 'at least', limit: 0.9, condition: near };

/** A whole object, read or written. */
function wholeWorkloads(installed: Installed): Workload[] {
  const { mounts: rivals } = installed;
  const rivalRatio: Requirement = { measure: 'rivalRatio', bound: 'at least', limit: 1.3, condition: near };
  const requirements = rivals.length === 0 ? [linkShare] : [linkShare, rivalRatio];
  const whole = { requirements, rivals, bytesOf: ({ s3Bytes }: Scale) => s3Bytes, operationBytes: 128 * kib };
  return [
    objectWorkload({
      ...whole,
      id: 's3-read',
      title: 'S3: a whole object in 128 KiB reads, 1 Gbit/s',
      fillsLink: true,
      sides: [
        ['conveyor', readWithConveyor],
        ['sdk', readWithSdk],
        ...installed.copies((job: S3Job) => copyWithRclone(job, 'down')),
        ...installed.mounted(readThroughMount),
        [ceiling, readAtCeiling],
      ],
    }),
    objectWorkload({
      ...whole,
      id: 's3-write',
      title: 'S3: a whole object in 128 KiB writes, commit included, 1 Gbit/s',
      isWrite: true,
      fillsLink: true,
      sides: [
        ['conveyor', writeWithConveyor],
        ['sdk', writeWithSdk],
        ...installed.copies((job: S3Job) => copyWithRclone(job, 'up')),
        ...installed.mounted(writeThroughMount),
        [ceiling, writeAtCeiling],
      ],
    }),
  ];
}

/** Random reads of so many bytes each. */
function randomWorkload(id: string, block: number): Workload {
  return objectWorkload({
    id,
    title: `S3: random reads of ${block / kib} KiB, 16 in flight, 1 Gbit/s`,
    requirements: [
      { measure: 'ratio', bound: 'at least', limit: 0.95, condition: near },
      { measure: 'wireRatio', bound: 'at most', limit: 1.1, condition: near },
    ],
    bytesOf: ({ s3Bytes }) => randomCount(s3Bytes, block) * block,
    operationBytes: block,
    fillsLink: true,
    sides: [
      ['conveyor', (job) => randomWithConveyor(job, block)],
      ['sdk', (job) => randomWithSdk(job, block)],
      [ceiling, (job) => randomAtCeiling(job, block)],
    ],
  });
}

/** Reads and writes of a bucket over 1 Gbit/s, at distances of 0, 20 and 100 ms. */
export function s3Workloads(): Workload[] {
  const installed = new Installed();
  return [
    ...wholeWorkloads(installed),
    randomWorkload('s3-random-4k', 4 * kib),
    randomWorkload('s3-random-64k', 64 * kib),
    randomWorkload('s3-random-1m', 1024 * kib),
    objectWorkload({
      id: 's3-first-byte',
      title: 'S3: open and the first 4 KiB, 1 Gbit/s',
      requirements: [{ measure: 'ratio', bound: 'at least', limit: 1 / 1.2, condition: near }],
      bytesOf: () => 4 * kib,
      operationBytes: 4 * kib,
      sides: [
        ['conveyor', firstByteWithConveyor],
        ['sdk', firstByteWithSdk],
        ...installed.mounted(firstByteThroughMount),
      ],
    }),
    smallFilesWorkload(installed.rclone ? 'rclone' : 'sdk', [
      ['conveyor', addWithConveyor],
      ['sdk', addWithSdk],
      ...installed.copies(addWithRclone),
      ...installed.mounted(addThroughMount),
      [ceiling, addAtCeiling],
    ]),
  ];
}
