import { describeMachine, loadOneMinute } from './machine.ts';
import { type MissingPlace, type Place, withScratch } from './place.ts';
import type { CaseResult, Report, TimedResult } from './report.ts';
import { type Figures, judge } from './requirement.ts';
import { leastShare, type Outcome, type Sample } from './samples.ts';
import { pairedRatios, type Spread, spreadOf } from './statistics.ts';
import type { Condition, Scale, Workload } from './workload.ts';

/** The side that everything is about. */
const subject = 'conveyor';

/** What to run, and how much of it. */
export interface BenchPlan {
  readonly workloads: readonly Workload[];
  readonly places: readonly Place[];
  readonly leftOut: readonly MissingPlace[];
  /** Measured rounds of each case; a warm-up comes before them. */
  readonly rounds: number;
  readonly scale: Scale;
  readonly signal: AbortSignal;
}

/** Somebody who watches a run. */
export interface BenchObserver {
  caseBegins?(workload: Workload, place: Place | undefined, condition: Condition): void;
  /** All cases of a workload have ended. */
  workloadEnds?(workload: Workload, results: readonly CaseResult[]): void;
}

/**
 * Runs all cases of all workloads, one after another.
 *
 * Errors: VerificationError when bytes were wrong: then there are no figures at all. The signal's reason.
 */
export async function runBench(plan: BenchPlan, observer: BenchObserver = {}): Promise<Report> {
  const startedAt = new Date();
  const results: CaseResult[] = [];
  for (const workload of plan.workloads) {
    const own: CaseResult[] = [];
    for (const place of placesOf(workload, plan.places)) {
      for (const condition of workload.conditions) {
        observer.caseBegins?.(workload, place, condition);
        own.push(await runCase(plan, workload, place, condition));
      }
    }
    observer.workloadEnds?.(workload, own);
    results.push(...own);
  }
  const { workloads, places, leftOut, rounds, scale } = plan;
  return {
    schema: 'conveyor-bench/1',
    startedAt: startedAt.toISOString(),
    durationMs: Math.max(0, Math.round(Date.now() - startedAt.getTime())),
    machine: { ...describeMachine() },
    parameters: {
      workloads: workloads.map(({ id }) => id),
      rounds,
      scale: { ...scale },
      places: [...places],
      leftOut: [...leftOut],
    },
    results,
  };
}

function placesOf({ places }: Workload, all: readonly Place[]): readonly (Place | undefined)[] {
  if (places === 'none') return [undefined];
  return places === 'one' ? all.slice(0, 1) : all;
}

async function runCase(
  { rounds, scale, signal }: BenchPlan,
  workload: Workload,
  place: Place | undefined,
  condition: Condition,
): Promise<CaseResult> {
  const load = loadOneMinute();
  const run = (directory: string | undefined): Promise<Outcome> =>
    workload.run({ condition: condition.name, directory, scale, rounds, signal });
  const outcome = place === undefined ? await run(undefined) : await withScratch(place, run);
  const { id, suite, title, requirements } = workload;
  const { figures, ...rest } = digest(outcome, workload);
  const verdicts = scale.isFull ? judge(requirements, figures, condition.name) : [];
  const common = { workload: id, suite, title, place: place ?? null, condition: condition.name, verdicts };
  return { ...common, loadOneMinute: load, ...rest };
}

type Digest = (
  | Pick<TimedResult, 'kind' | 'bytes' | 'operationBytes' | 'samples' | 'sides' | 'ratio' | 'linkBytesPerSecond'>
  | Pick<Extract<CaseResult, { kind: 'gauged' }>, 'kind' | 'gauge'>
  | Pick<Extract<CaseResult, { kind: 'shared' }>, 'kind' | 'counts'>
) & { figures: Figures };

/** The figures of an outcome: medians over the rounds after the warm-up. */
function digest(outcome: Outcome, { peer, rivals }: Workload): Digest {
  if (outcome.kind === 'gauged') {
    const { gauge } = outcome;
    return { kind: 'gauged', gauge, figures: { threads: gauge.threads, residentBytes: gauge.residentBytes } };
  }
  if (outcome.kind === 'shared') {
    const { counts } = outcome;
    return { kind: 'shared', counts: [...counts], figures: { leastShare: leastShare(counts) } };
  }
  const { bytes, operationBytes, samples, linkBytesPerSecond } = outcome;
  const sides = [...new Set(samples.map(({ side }) => side))].map((name) => ({
    name,
    ns: spreadOfSide(outcome, name),
  }));
  const ratios = peer === undefined ? [] : pairedRatios(samples, subject, peer);
  const spread = ratios.length === 0 ? undefined : spreadOf(ratios);
  const ratio = peer === undefined || spread === undefined ? null : { peer, pairs: ratios.length, ...spread };
  const conveyorNs = sides.find(({ name }) => name === subject)?.ns;
  const figures: Figures = {
    ratio: spread,
    conveyorNs,
    rivalRatio: leastRatio(samples, rivals ?? []),
    wireRatio: wireRatio(samples, peer),
    linkShare: conveyorNs && linkBytesPerSecond && bytes / (conveyorNs.median / 1e9) / linkBytesPerSecond,
  };
  const link = linkBytesPerSecond === undefined ? {} : { linkBytesPerSecond };
  return { kind: 'timed', bytes, operationBytes, samples: [...samples], sides, ratio, ...link, figures };
}

/** How many times as fast conveyor was as the fastest of several. */
function leastRatio(samples: readonly Sample[], sides: readonly string[]): number | undefined {
  const all = sides.map((side) => pairedRatios(samples, subject, side)).filter((ratios) => ratios.length > 0);
  return all.length === 0 ? undefined : Math.min(...all.map((ratios) => spreadOf(ratios).median));
}

/** Bytes on the wire, for each that the peer had there. */
function wireRatio(samples: readonly Sample[], peer: string | undefined): number | undefined {
  const [own, other] = [subject, peer].map((name) => {
    const counts = samples.flatMap(({ side, round, wire }) => (side === name && round > 0 && wire ? [wire.bytes] : []));
    return counts.length === 0 ? undefined : spreadOf(counts).median;
  });
  return own === undefined || !other ? undefined : own / other;
}

function spreadOfSide({ samples }: Extract<Outcome, { kind: 'timed' }>, name: string): Spread {
  return spreadOf(samples.filter(({ side, round }) => side === name && round > 0).map(({ ns }) => ns));
}
