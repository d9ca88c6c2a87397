import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { lockWorkloads } from '../src/lock-workloads.ts';
import { leastShare } from '../src/samples.ts';
import { quickScale } from '../src/workload.ts';

test.each(lockWorkloads.map((workload) => [workload.id, workload] as const))(
  '%s: every side does the work, and no update is lost',
  async (_, workload) => {
    await withTempDir(async (directory) => {
      const signal = new AbortController().signal;
      const outcome = await workload.run({ condition: 'sidecar', directory, scale: quickScale, rounds: 1, signal });
      if (outcome.kind === 'shared') {
        expect(outcome.counts).toHaveLength(4);
        return;
      }
      if (outcome.kind !== 'timed') throw new Error(outcome.kind);
      const sides = new Set(outcome.samples.map(({ side }) => side));
      expect(sides).toContain('conveyor');
      expect(sides).toContain(workload.peer);
      for (const { verifiedBytes } of outcome.samples) expect(verifiedBytes).toBe(outcome.bytes);
    });
  },
  60_000,
);

test('the least share is that of the one who had least', () => {
  expect(leastShare([4, 4, 4])).toBe(1);
  expect(leastShare([1, 5, 6])).toBe(0.25);
  expect(leastShare([0, 8])).toBe(0);
});
