import { expect, test } from 'vitest';
import { parseCpuList } from '../cpus.mjs';
import { roundsOf } from '../rounds.mjs';

const plan = { count: 200, seed: 7, cpus: [0, 1, 5] };

test('the same seed gives the same rounds, another seed others', () => {
  expect([...roundsOf(plan)]).toEqual([...roundsOf(plan)]);
  expect([...roundsOf({ ...plan, seed: 8 })]).not.toEqual([...roundsOf(plan)]);
});

test('rounds vary the CPUs, the pool and the seed', () => {
  const rounds = [...roundsOf(plan)];
  const distinct = (values: unknown[]): number => new Set(values).size;
  expect(rounds.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  expect(new Set(rounds.map(({ prefix }) => prefix.join(' ')))).toEqual(
    new Set(['taskset -c 0', 'taskset -c 0,1', 'taskset -c 0,1,5']),
  );
  expect(distinct(rounds.map(({ env }) => env.CONVEYOR_TEST_WORKERS))).toBe(16);
  expect(distinct(rounds.map(({ env }) => env.CONVEYOR_TEST_SEED))).toBeGreaterThan(190);
});

test('without known CPUs a round is not confined', () => {
  expect([...roundsOf({ ...plan, count: 1, cpus: [] })][0]?.prefix).toEqual([]);
});

test("the kernel's lists of CPUs", () => {
  expect(parseCpuList('0')).toEqual([0]);
  expect(parseCpuList('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
});
