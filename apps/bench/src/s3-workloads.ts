import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Requirement } from './requirement.ts';
import { runRounds, type Side } from './rounds.ts';
import { firstByteWithConveyor, firstByteWithSdk, randomWithConveyor, randomWithSdk } from './s3-random.ts';
import {
  copyWithRclone,
  readWithConveyor,
  readWithSdk,
  requireObject,
  type S3Job,
  writeWithConveyor,
  writeWithSdk,
} from './s3-sides.ts';
import { S3Site } from './s3-site.ts';
import type { Outcome } from './samples.ts';
import type { CaseSettings, Condition, Scale, Workload } from './workload.ts';

/** 1 Gbit/s. */
const bytesPerSecond = 125_000_000;

const conditions: readonly Condition[] = [
  { name: '0ms', label: '0 ms' },
  { name: '20ms', label: '20 ms' },
  { name: '100ms', label: '100 ms' },
];

interface S3Workload {
  readonly id: string;
  readonly title: string;
  readonly peer: string;
  readonly requirements: readonly Requirement[];
  readonly bytesOf: (scale: Scale) => number;
  readonly operationBytes: number;
  readonly isWrite?: boolean;
  readonly sides: readonly (readonly [name: string, work: (job: S3Job) => Promise<void>])[];
}

function s3Workload({ id, title, peer, requirements, bytesOf, operationBytes, isWrite, sides }: S3Workload): Workload {
  const run = async ({ condition, scale, rounds, signal }: CaseSettings): Promise<Outcome> => {
    const bytes = bytesOf(scale);
    await using site = await S3Site.start({ latencyMs: Number.parseInt(condition, 10), bytesPerSecond });
    await site.create('made', bytes);
    const all = sides.map(
      ([name, work]): Side => ({
        name,
        async run(trial) {
          const job = { site, key: isWrite ? `${name}-written` : 'made', bytes, watch: trial.watch };
          await site.reset();
          await work(job);
          trial.backendOperations = (await site.stats()).requests;
          if (isWrite) await requireObject(job);
          trial.verifiedBytes = bytes;
        },
      }),
    );
    const samples = await runRounds(all, { rounds, bytes, signal });
    return { kind: 'timed', bytes, operationBytes, samples };
  };
  return { id, suite: 's3', title, peer, requirements, places: 'none', conditions, timeOf: 'whole', run };
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

/** 90 % of the link, of 512 MiB. */
const share: Requirement = { measure: 'ms', bound: 'at most', limit: 4772 };

const blockBytes = 64 * 1024;

/** Reads and writes of a bucket over 1 Gbit/s, at distances of 0, 20 and 100 ms. */
export function s3Workloads(): Workload[] {
  const hasRclone = isInstalled('rclone');
  const beside = (name: string, work: (job: S3Job) => Promise<void>) => (hasRclone ? [[name, work] as const] : []);
  const down = (job: S3Job): Promise<void> => copyWithRclone(job, 'down');
  const up = (job: S3Job): Promise<void> => copyWithRclone(job, 'up');
  return [
    s3Workload({
      id: 's3-read',
      title: 'S3: a whole object in 128 KiB reads, 1 Gbit/s',
      peer: 'sdk',
      requirements: [share],
      bytesOf: ({ s3Bytes }) => s3Bytes,
      operationBytes: 128 * 1024,
      sides: [['conveyor', readWithConveyor], ['sdk', readWithSdk], ...beside('rclone', down)],
    }),
    s3Workload({
      id: 's3-write',
      title: 'S3: a whole object in 128 KiB writes, commit included, 1 Gbit/s',
      peer: 'sdk',
      requirements: [share],
      bytesOf: ({ s3Bytes }) => s3Bytes,
      operationBytes: 128 * 1024,
      isWrite: true,
      sides: [['conveyor', writeWithConveyor], ['sdk', writeWithSdk], ...beside('rclone', up)],
    }),
    s3Workload({
      id: 's3-random-read',
      title: 'S3: random 64 KiB reads, 16 in flight, 1 Gbit/s',
      peer: 'sdk',
      requirements: [{ measure: 'ratio', bound: 'at least', limit: 0.95 }],
      bytesOf: ({ s3Bytes }) => s3Bytes,
      operationBytes: blockBytes,
      sides: [
        ['conveyor', (job) => randomWithConveyor(job, blockBytes)],
        ['sdk', (job) => randomWithSdk(job, blockBytes)],
      ],
    }),
    s3Workload({
      id: 's3-first-byte',
      title: 'S3: open and the first 4 KiB, 1 Gbit/s',
      peer: 'sdk',
      requirements: [{ measure: 'ratio', bound: 'at least', limit: 1 / 1.2 }],
      bytesOf: ({ s3Bytes }) => s3Bytes,
      operationBytes: 4096,
      sides: [
        ['conveyor', firstByteWithConveyor],
        ['sdk', firstByteWithSdk],
      ],
    }),
  ];
}
