import { expect, test } from 'vitest';
import { runBench } from '../src/bench.ts';
import type { TimedResult } from '../src/report.ts';
import type { Sample } from '../src/samples.ts';
import { wireLines } from '../src/wire-table.ts';
import { sampleOf, tinyScale, workloadOf } from './fixtures.ts';

const seen = (side: string, round: number, ns: number, bytes: number, inFlightMax: number): Sample => ({
  ...sampleOf(side, round, ns),
  backendOperations: 3,
  wire: { bytes, inFlightMax },
});

const samples = [
  seen('conveyor', 1, 1_000_000, 8192 * 1.5, 16),
  seen('sdk', 1, 3_000_000, 8192, 1),
  seen('s3fs', 1, 2_000_000, 8192, 5),
  seen('ceiling', 1, 500_000, 8192, 4),
];

const workload = workloadOf([], {
  peer: 'sdk',
  rivals: ['s3fs', 'not there'],
  requirements: [
    { measure: 'rivalRatio', bound: 'at least', limit: 1.3 },
    { measure: 'wireRatio', bound: 'at most', limit: 1.1 },
    { measure: 'linkShare', bound: 'at least', limit: 0.9 },
  ],
  run: async () => ({ kind: 'timed', bytes: 8192, operationBytes: 4096, samples, linkBytesPerSecond: 16_384_000 }),
});

test('shares of the link and of the server, requests and bytes; the fastest rival counts', async () => {
  const { signal } = new AbortController();
  const { results } = await runBench({
    workloads: [workload],
    places: [],
    leftOut: [],
    rounds: 1,
    scale: tinyScale,
    signal,
  });
  const [result] = results as [TimedResult];
  expect(result.verdicts.map(({ value, reached }) => [value, reached])).toEqual([
    [2, true],
    [1.5, false],
    [0.5, false],
  ]);
  expect(wireLines(workload, [result])).toMatchInlineSnapshot(`
    [
      "                        of the link  of the ceiling  in flight  requests  bytes sent",
      "  fresh file  conveyor       50.0 %          50.0 %         16         3      1.50 ×",
      "  fresh file  sdk            16.7 %          16.7 %          1         3      1.00 ×",
      "  fresh file  s3fs           25.0 %          25.0 %          5         3      1.00 ×",
      "  fresh file  ceiling         100 %           100 %          4         3      1.00 ×",
    ]
  `);
});

test('without a server there is nothing to tell', () => {
  const plain = { ...workloadOf([]), samples: [sampleOf('conveyor', 1, 1)] } as unknown as TimedResult;
  expect(wireLines(workload, [plain])).toEqual([]);
});
