import { describe, expect, test } from 'vitest';
import { closingLine, readClosingLine, sum, tallyOf } from '../tally.mjs';
import { tallyOfReport } from '../vitest-run.mjs';

describe('closing lines', () => {
  test('are added up', () => {
    const total = sum([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 0, skipped: 0 },
    ]);
    expect(closingLine(total)).toBe('11 passed, 2 failed, 3 skipped');
  });

  test('are read from the end of the output, where nested runners may have printed their own', () => {
    expect(readClosingLine('0 passed, 1 failed, 0 skipped\nPASS a\n3 passed, 0 failed, 1 skipped\n')).toEqual({
      passed: 3,
      failed: 0,
      skipped: 1,
    });
    expect(readClosingLine('it said 3 passed, 0 failed, 1 skipped\n')).toBeUndefined();
  });
});

describe('a runner', () => {
  const passing = '3 passed, 0 failed, 0 skipped\n';

  test('that passes counts as it says', () => {
    expect(tallyOf({ code: 0, output: passing })).toEqual({ passed: 3, failed: 0, skipped: 0 });
  });

  test.each([
    ['fails after its tests', 66, passing],
    ['dies before its closing line', 139, 'PASS a\n'],
    ['runs nothing', 0, '0 passed, 0 failed, 0 skipped\n'],
    ['says nothing', 0, ''],
  ])('that %s has a failure', (_, code, output) => {
    expect(tallyOf({ code, output }).failed).toBe(1);
  });

  test('that counted its failures gets no further one for its exit code', () => {
    expect(tallyOf({ code: 1, output: '3 passed, 2 failed, 0 skipped\n' }).failed).toBe(2);
  });
});

describe('a vitest report', () => {
  const file = (...statuses: string[]): object => ({
    status: statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status, index) => ({ status, fullName: `test ${index}` })),
  });

  test('is counted, and skipped tests are named', () => {
    const report = { testResults: [file('passed', 'passed', 'skipped'), file('passed', 'todo')] };
    const { tally, output } = tallyOfReport(report, { code: 0, output: '' });
    expect(tally).toEqual({ passed: 3, failed: 0, skipped: 2 });
    expect(output).toBe('SKIP test 2\nSKIP test 1\n');
  });

  test('with a file that cannot be loaded has a failure', () => {
    const report = { testResults: [file('passed'), { status: 'failed', assertionResults: [] }] };
    expect(tallyOfReport(report, { code: 1, output: '' }).tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test.each([
    ['is missing', undefined, 0],
    ['has no test', { testResults: [] }, 0],
    ['passes although vitest failed', { testResults: [file('passed')] }, 1],
  ])('that %s has a failure', (_, report, code) => {
    expect(tallyOfReport(report, { code, output: '' }).tally.failed).toBe(1);
  });
});
