import { expect, test } from 'vitest';
import type { GaugedResult } from '../src/report.ts';
import { limitsText, ResultTable } from '../src/result-table.ts';
import { shownLength, type Terminal } from '../src/terminal.ts';
import type { Workload } from '../src/workload.ts';
import { allWorkloads } from '../src/workloads.ts';
import { resultOf, workloadOf } from './fixtures.ts';

const plain: Terminal = { width: 80, isInteractive: false, hasBlocks: false };
const table = new ResultTable(plain);
const disk = { name: 'disk', directory: '/tmp', fileSystem: 'ext4' } as const;
const workload = workloadOf([], { places: 'each' });

test('a workload has a row per case, conveyor first', () => {
  const results = [resultOf(1620, 2228), resultOf(981, 2700, { place: disk })];
  expect(table.workloadLines(workload, results)).toMatchInlineSnapshot(`
    [
      "Sequential 4 KiB writes",
      "  8 KiB in pieces of 4 KiB; must reach: at least 1.5 × pwrite",
      "                     conveyor   pwrite          × pwrite",
      "  tmpfs, fresh file    810 ns  1.11 µs  1.38 (1.24-1.51)  missed",
      "  ext4, fresh file     491 ns  1.35 µs  2.75 (2.48-3.03)  reached",
    ]
  `);
});

test('times of whole transfers, and a peer that ran once', () => {
  const whole = workloadOf([], { timeOf: 'whole', peer: 'unbuffered' });
  const ratio = { peer: 'unbuffered', pairs: 1, median: 768, min: 768, max: 768 };
  const result = resultOf(7_050_000, 5.41e9, { place: null, ratio });
  expect(table.workloadLines(whole, [result])).toMatchInlineSnapshot(`
    [
      "Sequential 4 KiB writes",
      "  8 KiB in pieces of 4 KiB; must reach: at least 1.5 × unbuffered",
      "              conveyor  pwrite  × unbuffered",
      "  fresh file   7.05 ms  5.41 s           768  reached",
    ]
  `);
});

const gauged = (threads: number, residentBytes: number): GaugedResult => ({
  kind: 'gauged',
  workload: 'idle-handles',
  suite: 'core',
  title: 'Open idle handles',
  place: disk,
  condition: 'fresh',
  loadOneMinute: 0,
  verdicts: [
    { measure: 'threads', bound: 'at most', limit: 8, value: threads, reached: threads <= 8 },
    { measure: 'residentBytes', bound: 'at most', limit: 1 << 20, value: residentBytes, reached: true },
  ],
  gauge: { handles: 10_000, verifiedBytes: 0, descriptors: 10_000, threads, residentBytes },
});

const handles = workloadOf([], {
  id: 'idle-handles',
  title: 'Open idle handles',
  peer: undefined,
  requirements: [
    { measure: 'threads', bound: 'at most', limit: 8 },
    { measure: 'residentBytes', bound: 'at most', limit: 1 << 20 },
  ],
});

test('counts of handles', () => {
  expect(table.workloadLines(handles, [gauged(2, 4096)])).toMatchInlineSnapshot(`
    [
      "Open idle handles",
      "  after a rest; must reach: at most 8 threads, at most 1 MiB resident",
      "                    handles  threads  resident above baseline",
      "  ext4, fresh file   10,000        2                    4 KiB  reached",
    ]
  `);
});

test('a run that is not judged says nothing about limits', () => {
  const lines = table.workloadLines(workload, [resultOf(1620, 2228, { verdicts: [] })]);
  expect(lines.join('\n')).not.toMatch(/must reach|reached|missed/);
});

test('the summary shows the worst and the best case of each limit', () => {
  const results = [resultOf(100, 140), resultOf(100, 160, { place: disk }), gauged(9, 4096), gauged(2, 8192)];
  expect(table.summaryLines([workload, handles], results)).toMatchInlineSnapshot(`
    [
      "  must reach                limit  worst case  best case",
      "  write-4k               >= 1.5 ×       1.4 ×      1.6 ×  1 of 2",
      "  idle-handles threads       <= 8           9          2  1 of 2",
      "  idle-handles resident  <= 1 MiB       8 KiB      4 KiB  reached",
    ]
  `);
});

test('limits in words', () => {
  expect(limitsText(workload)).toBe('at least 1.5 × pwrite');
  expect(limitsText(handles)).toBe('at most 8 threads, at most 1 MiB resident');
  expect(limitsText(workloadOf([], { requirements: [{ measure: 'ms', bound: 'at most', limit: 40 }] }))).toBe(
    'at most 40 ms',
  );
});

test('the widest table of the suites fits 80 columns', () => {
  const [node] = allWorkloads.filter(({ id }) => id === 'node-write-4k') as [Workload];
  const ns = { median: 250_000, min: 1, max: 1e9 };
  const sides = ['conveyor', 'FileHandle', 'writeSync'].map((name) => ({ name, ns }));
  const ratio = { peer: 'FileHandle', pairs: 11, median: 45.67, min: 34.12, max: 55.81 };
  const place = { ...disk, fileSystem: 'overlay' };
  const results = node.conditions.map(({ name }) => resultOf(1, 9, { condition: name, sides, ratio, place }));
  const lines = table.workloadLines(node, results);
  expect(Math.max(...lines.map(shownLength))).toBe(80);
});
