import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairedRatios, spreadOf } from '../src/statistics.ts';

const figures = (...rounds: readonly Record<string, number>[]) =>
  rounds.flatMap((sides, round) => Object.entries(sides).map(([side, ns]) => ({ side, round, ns })));

test('the median of an odd count is its middle, of an even count the mean of the two', () => {
  expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
  expect(spreadOf([5, 1, 9, 6])).toEqual({ median: 5.5, min: 1, max: 9 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  expect(() => spreadOf([])).toThrow(RangeError);
});

test('half of the values are on each side of the median, whatever their order', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, (given) => {
      const { median, min, max } = spreadOf(given);
      expect(given.filter((value) => value < median).length).toBeLessThanOrEqual(given.length / 2);
      expect(given.filter((value) => value > median).length).toBeLessThanOrEqual(given.length / 2);
      expect([min, max]).toEqual([Math.min(...given), Math.max(...given)]);
    }),
  );
});

test('ratios are taken within a round, so that a machine that slows down changes nothing', () => {
  const steady = figures({ ours: 99, theirs: 1 }, { ours: 10, theirs: 20 }, { ours: 10, theirs: 30 });
  const slowing = figures({ ours: 1, theirs: 77 }, { ours: 10, theirs: 20 }, { ours: 1000, theirs: 3000 });
  expect(pairedRatios(steady, 'ours', 'theirs')).toEqual([2, 3]);
  expect(pairedRatios(slowing, 'ours', 'theirs')).toEqual([2, 3]);
});

test('the warm-up and rounds with one side alone are left out', () => {
  const given = figures({ ours: 1, theirs: 9 }, { ours: 10, theirs: 40 }, { ours: 10 }, { theirs: 10 });
  expect(pairedRatios(given, 'ours', 'theirs')).toEqual([4]);
  expect(pairedRatios(figures({ ours: 1, theirs: 9 }, { ours: 10 }), 'ours', 'theirs')).toEqual([]);
  expect(pairedRatios(given, 'ours', 'nobody')).toEqual([]);
});

test('every round is compared with a peer that ran in the first alone', () => {
  const given = figures({ ours: 1 }, { ours: 10, theirs: 40 }, { ours: 20 }, { ours: 5 });
  expect(pairedRatios(given, 'ours', 'theirs')).toEqual([4, 2, 8]);
});
