import { Histogram } from '@libconveyor/observability';
import { describe, expect, test } from 'vitest';

/** As many values as a run of latencies has, of every size. */
const values = Array.from({ length: 5000 }, (_, index) => Math.floor(1.0042 ** index * 1.7) + (index % 3));

function counted(all: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of all) histogram.record(value);
  return histogram;
}

describe('histograms', () => {
  test('percentiles are upper bounds within a sixteenth', () => {
    const histogram = counted(values);
    const sorted = [...values].sort((one, other) => one - other);
    for (const permille of [1, 100, 500, 900, 990, 999, 1000]) {
      const exact = sorted[Math.ceil((sorted.length * permille) / 1000) - 1] as number;
      const found = histogram.percentileNs(permille);
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact + exact / 16);
    }
  });

  test('added up they are what one of all values is', () => {
    const all = counted(values);
    const sum = counted(values.slice(0, 700));
    sum.add(counted(values.slice(700)));
    for (const permille of [10, 500, 999]) expect(sum.percentileNs(permille)).toBe(all.percentileNs(permille));
    expect([sum.count, sum.sumNs, sum.maxNs, sum.meanNs]).toEqual([all.count, all.sumNs, all.maxNs, all.meanNs]);
  });

  test('counts below powers of two are exact', () => {
    const bounds = [2, 16, 1024, 2 ** 20, 2 ** 33];
    const exact = bounds.map((bound) => values.filter((value) => value < bound).length);
    expect(counted(values).countsBelow(bounds)).toEqual(exact);
  });

  test('values outside of the range count at its ends; what is no number is refused', () => {
    const histogram = counted([-5, 2 ** 50]);
    expect(histogram.count).toBe(2);
    expect(histogram.maxNs).toBe(2 ** 40 - 1);
    expect(histogram.percentileNs(500)).toBe(0);
    expect(() => histogram.record(Number.NaN)).toThrow(TypeError);
    expect(() => new Histogram(new Float64Array(3))).toThrow(RangeError);
    expect(new Histogram().percentileNs(999)).toBe(0);
  });
});
