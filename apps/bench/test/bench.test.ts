import { readdir } from 'node:fs/promises';
import { withTempDir } from '@libconveyor/testkit';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { type BenchPlan, runBench } from '../src/bench.ts';
import type { Place } from '../src/place.ts';
import { type Report, reportSchema, type TimedResult } from '../src/report.ts';
import { type Sample, VerificationError } from '../src/samples.ts';
import { quickScale, type Workload } from '../src/workload.ts';
import { sampleOf, tinyScale, workloadOf } from './fixtures.ts';

/** Three rounds after a warm-up that would change everything. */
const samples: readonly Sample[] = [
  sampleOf('conveyor', 0, 1_000_000),
  sampleOf('pwrite', 0, 1),
  sampleOf('pwrite', 1, 200),
  sampleOf('conveyor', 1, 100),
  sampleOf('conveyor', 2, 1000),
  sampleOf('pwrite', 2, 3000),
  sampleOf('pwrite', 3, 1000),
  sampleOf('conveyor', 3, 250),
];

function planOf(workloads: readonly Workload[], changes: Partial<BenchPlan> = {}): BenchPlan {
  const { signal } = new AbortController();
  return { workloads, places: [], leftOut: [], rounds: 3, scale: tinyScale, signal, ...changes };
}

const places = (directory: string): Place[] => [
  { name: 'memory', directory, fileSystem: 'tmpfs' },
  { name: 'disk', directory, fileSystem: 'ext4' },
];

test('medians of sides, paired ratios and verdicts leave the warm-up out', async () => {
  const { results } = await runBench(planOf([workloadOf(samples)]));
  expect(results).toHaveLength(1);
  const [result] = results as [TimedResult];
  expect(result.sides).toEqual([
    { name: 'conveyor', ns: { median: 250, min: 100, max: 1000 } },
    { name: 'pwrite', ns: { median: 1000, min: 200, max: 3000 } },
  ]);
  expect(result.ratio).toEqual({ peer: 'pwrite', pairs: 3, median: 3, min: 2, max: 4 });
  expect(result.verdicts).toEqual([{ measure: 'ratio', bound: 'at least', limit: 1.5, value: 3, reached: true }]);
  expect(result.samples).toEqual(samples);
});

test('every case has a place, a condition and an empty directory of its own', async () => {
  await withTempDir(async (directory) => {
    const seen: string[] = [];
    const conditions = [
      { name: 'fresh', label: 'fresh file' },
      { name: 'overwrite', label: 'overwrite' },
    ];
    const workload = workloadOf([], {
      places: 'each',
      conditions,
      async run({ condition, directory: own }) {
        expect(await readdir(own ?? '')).toEqual([]);
        seen.push(condition);
        return { kind: 'timed', bytes: 8192, operationBytes: 4096, samples };
      },
    });
    const { results } = await runBench(planOf([workload], { places: places(directory) }));
    expect(seen).toEqual(['fresh', 'overwrite', 'fresh', 'overwrite']);
    expect(results.map(({ place }) => place?.name)).toEqual(['memory', 'memory', 'disk', 'disk']);
    const once = await runBench(planOf([{ ...workload, places: 'one' }], { places: places(directory) }));
    expect(once.results.map(({ place }) => place?.name)).toEqual(['memory', 'memory']);
    expect(await readdir(directory)).toEqual([]);
  });
});

test('a run with little data is not judged', async () => {
  const { results } = await runBench(planOf([workloadOf(samples)], { scale: quickScale }));
  expect(results[0]?.verdicts).toEqual([]);
});

test('wrong bytes leave no report', async () => {
  const wrong = workloadOf([], {
    run: async () => {
      throw new VerificationError('wrong bytes');
    },
  });
  await expect(runBench(planOf([workloadOf(samples), wrong]))).rejects.toThrow(VerificationError);
});

const gauge = { handles: 9, verifiedBytes: 0, descriptors: 9, threads: 2, residentBytes: 4096 };

async function anyReport(): Promise<Report> {
  const handles = workloadOf([], {
    requirements: [{ measure: 'threads', bound: 'at most', limit: 8 }],
    run: async () => ({ kind: 'gauged', gauge }),
  });
  return runBench(planOf([workloadOf(samples), handles], { places: places('/tmp') }));
}

test('the report is what the schema says, also after a trip through JSON', async () => {
  const report: Report = JSON.parse(JSON.stringify(await anyReport()));
  expect(v.parse(reportSchema, report)).toEqual(report);
  expect(report.results.map(({ kind }) => kind)).toEqual(['timed', 'gauged']);
  expect(report.machine.node).toBe(process.version);
});

test('the schema refuses what is missing, unknown or no figure', async () => {
  const report = await anyReport();
  const { machine: _, ...anonymous } = report;
  const [timed] = report.results as [TimedResult];
  const broken: unknown[] = [
    anonymous,
    { ...report, schema: 'conveyor-bench/2' },
    { ...report, opinion: 'fast' },
    { ...report, durationMs: -1 },
    { ...report, results: [{ ...timed, samples: [] }] },
    { ...report, results: [{ ...timed, samples: [{ ...timed.samples[0], ns: 0 }] }] },
    { ...report, results: [{ ...timed, kind: 'guessed' }] },
  ];
  for (const document of broken) expect(v.is(reportSchema, document)).toBe(false);
});
