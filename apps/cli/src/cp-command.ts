import { describeError } from '@libconveyor/errors';
import { writingOptions } from './capacities.ts';
import type { CopySettings } from './copy-file.ts';
import { type PlannedCopy, planCopies } from './copy-plan.ts';
import { CopyReport } from './copy-report.ts';
import { type CopyEvents, runCopies } from './copy-run.ts';
import { EngineTotals } from './engine-totals.ts';
import { exitStatus, statusOfSignal } from './exit-status.ts';
import { Failure } from './failure.ts';
import { Interruption } from './interruption.ts';
import { measure, Progress } from './progress.ts';
import { canShowBar, ProgressBar } from './progress-bar.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';
import { Storages } from './storages.ts';

/** Options of `conveyor cp`, checked. */
export interface CpOptions {
  readonly recursive: boolean;
  readonly checksum: boolean;
  readonly json: boolean;
  /** False: no bar even on a terminal. */
  readonly progress: boolean;
  readonly jobs: number;
  /** URL of the service that `s3:` names are at. */
  readonly endpoint?: string | undefined;
  /** Bytes. */
  readonly writeCapacity?: number | undefined;
  /** Bytes. */
  readonly readCapacity?: number | undefined;
}

/** `conveyor cp`. Resolves with the exit status; everything else has been written. */
export async function cp(
  sources: readonly string[],
  destination: string,
  options: CpOptions,
  output: StandardOutput,
): Promise<number> {
  using interruption = new Interruption();
  await using storages = new Storages({ endpoint: options.endpoint, readsBack: options.checksum });
  const report = new CopyReport(output, options);
  const totals = new EngineTotals();
  const startMs = performance.now();
  let log = complain;
  const onFailure = (failure: Failure): void => {
    report.addFailure(failure);
    log(failure.message);
  };

  const { recursive } = options;
  const copies = await planCopies({ sources, destination, recursive }, storages, onFailure).catch(
    (thrown: unknown): PlannedCopy[] => {
      onFailure(thrown instanceof Failure ? thrown : new Failure('EIO', describeError(thrown)));
      return [];
    },
  );
  const progress = new Progress();
  const bar = options.progress ? startBar(progress, copies, interruption.signal) : undefined;
  if (bar !== undefined) log = (message) => bar.log(`conveyor: ${message}`);
  const run = { settings: settingsOf(options), jobs: options.jobs, totals, signal: interruption.signal };
  const isComplete = await runCopies(copies, run, eventsOf(report, progress, onFailure));
  bar?.[Symbol.dispose]();
  const isMany = copies.length > 1 || copies[0]?.stat.type === 'directory';
  if (interruption.received !== undefined) complain(`ended by ${interruption.received}: ${extent(report)}`);
  else if (!isComplete && isMany) complain(`stopped there: ${extent(report)}`);
  await report.finish(interruption.received, (performance.now() - startMs) / 1000, totals.summary());
  if (interruption.received !== undefined) return statusOfSignal(interruption.received);
  return report.failed === 0 ? exitStatus.done : exitStatus.failed;
}

function settingsOf({ checksum, readCapacity, writeCapacity }: CpOptions): CopySettings {
  // Handles are flushed; the commit that follows makes everything durable at once.
  const writing = { ...writingOptions(writeCapacity), durability: 'memory' } as const;
  return { readCapacity, writing, checksum };
}

function eventsOf(report: CopyReport, progress: Progress, onFailure: (failure: Failure) => void): CopyEvents {
  return {
    onFailure,
    onDirectory: () => {
      report.directories++;
    },
    onLink: () => {
      report.links++;
    },
    onBytes: (count) => progress.addBytes(count),
    onFile: async (source, target, { bytes, sha256 }) => {
      report.files++;
      report.bytes += bytes;
      progress.files++;
      if (sha256 !== undefined) await report.addChecksum(source, target, sha256);
    },
  };
}

function startBar(progress: Progress, copies: readonly PlannedCopy[], signal: AbortSignal): ProgressBar | undefined {
  if (copies.length === 0 || !canShowBar(process.stderr, process.env)) return undefined;
  measure(copies, signal).then(
    (total) => {
      progress.total = total;
    },
    // Interrupted: nobody looks at a total any more.
    () => undefined,
  );
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return new ProgressBar(process.stderr, progress, /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || ''));
}

/** How far a run came that did not come to its end. */
function extent({ files }: CopyReport): string {
  if (files === 0) return 'no file was copied';
  return files === 1 ? '1 file was copied, the rest was not' : `${files} files were copied, the rest was not`;
}
