import { Prng } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { findOverlap, type Section } from './history.ts';

const section = (owner: string, mode: Section['mode'], begin: number, end: number): Section => ({
  owner,
  mode,
  begin: BigInt(begin),
  end: BigInt(end),
});

test('L8: the checker accepts what excludes', () => {
  expect(findOverlap([])).toBeUndefined();
  expect(findOverlap([section('a', 'exclusive', 0, 5), section('b', 'exclusive', 5, 9)])).toBeUndefined();
  const shared = [section('a', 'shared', 0, 9), section('b', 'shared', 1, 3), section('c', 'shared', 2, 12)];
  expect(findOverlap([...shared, section('d', 'exclusive', 12, 13)])).toBeUndefined();
});

test('L8: the checker finds what overlaps, in any order of the history', () => {
  const cases: [Section, Section, ...Section[]][] = [
    [section('a', 'exclusive', 0, 5), section('b', 'exclusive', 4, 9)],
    [section('a', 'exclusive', 0, 9), section('b', 'shared', 4, 5)],
    [section('a', 'shared', 0, 5), section('b', 'exclusive', 4, 9)],
    // Hidden behind others that begin later and end earlier.
    [section('a', 'shared', 0, 100), section('b', 'exclusive', 50, 51), section('c', 'shared', 1, 2)],
    [section('a', 'exclusive', 0, 100), section('b', 'shared', 99, 101), section('c', 'shared', 101, 102)],
    [section('a', 'exclusive', 3, 3), section('b', 'exclusive', 1, 9)],
  ];
  for (const [first, second, ...others] of cases) {
    const found = findOverlap([second, ...others, first]);
    const owners = [found?.first.owner, found?.second.owner].sort();
    expect(owners).toEqual([first.owner, second.owner]);
  }
  expect(() => findOverlap([section('a', 'shared', 5, 4)])).toThrow(RangeError);
});

test('L8: the checker agrees with comparing all pairs', () => {
  const prng = new Prng(20_261_121);
  const verdicts = new Set<boolean>();
  for (let round = 0; round < 2000; round += 1) {
    const history = Array.from({ length: 2 + prng.below(6) }, (_, index) => {
      const begin = prng.below(60);
      const mode = prng.chance(2, 3) ? 'shared' : 'exclusive';
      return section(String(index), mode, begin, begin + prng.below(12));
    });
    const overlaps = history.some((a, index) =>
      history.slice(index + 1).some((b) => (a.mode === 'exclusive' || b.mode === 'exclusive') && meet(a, b)),
    );
    expect(findOverlap(history) !== undefined).toBe(overlaps);
    verdicts.add(overlaps);
  }
  expect(verdicts.size).toBe(2);
});

/** Whether there is a time that is within both. */
function meet(a: Section, b: Section): boolean {
  return a.begin < b.end && b.begin < a.end;
}
