import { expect, test } from 'vitest';
import { judge, type Requirement } from '../src/requirement.ts';

const spread = (median: number) => ({ median, min: 0, max: 1e12 });
const ratio: Requirement = { measure: 'ratio', bound: 'at least', limit: 1.5 };
const ms: Requirement = { measure: 'ms', bound: 'at most', limit: 40 };

test('medians decide, and the limit itself is reached', () => {
  expect(judge([ratio], { ratio: spread(1.5) })).toEqual([{ ...ratio, value: 1.5, reached: true }]);
  expect(judge([ratio], { ratio: spread(1.499) })).toEqual([{ ...ratio, value: 1.499, reached: false }]);
  expect(judge([ms], { conveyorNs: spread(40e6) })).toEqual([{ ...ms, value: 40, reached: true }]);
  expect(judge([ms], { conveyorNs: spread(40.1e6) })[0]?.reached).toBe(false);
});

test('counts are judged one by one', () => {
  const threads: Requirement = { measure: 'threads', bound: 'at most', limit: 8 };
  const memory: Requirement = { measure: 'residentBytes', bound: 'at most', limit: 100 };
  const verdicts = judge([threads, memory], { threads: 9, residentBytes: 99 });
  expect(verdicts.map(({ reached }) => reached)).toEqual([false, true]);
});

test('what was not measured is never taken for reached', () => {
  expect(() => judge([ratio], { conveyorNs: spread(1) })).toThrow('ratio has a limit and was not measured');
  expect(() => judge([ms], {})).toThrow('ms has a limit');
  expect(judge([], {})).toEqual([]);
});

test('what is about one condition is judged there alone', () => {
  const near: Requirement = { measure: 'linkShare', bound: 'at least', limit: 0.9, condition: '20ms' };
  expect(judge([near], { linkShare: 0.91 }, '20ms')).toEqual([
    { measure: 'linkShare', bound: 'at least', limit: 0.9, value: 0.91, reached: true },
  ]);
  expect(judge([near], {}, '100ms')).toEqual([]);
  expect(() => judge([near], {}, '20ms')).toThrow('linkShare has a limit');
});
