import { FsStorage } from '@libconveyor/storage-fs';
import { withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { nodeDistantReads, nodeDistantWrites } from '../src/node-distant-workloads.ts';
import { nodeReads, nodeWrites } from '../src/node-file-workloads.ts';
import type { Outcome, TimedOutcome } from '../src/samples.ts';
import { VerificationError } from '../src/samples.ts';
import type { Workload } from '../src/workload.ts';
import { corrupting, settingsFor, tinyScale } from './fixtures.ts';

function timed(outcome: Outcome): TimedOutcome {
  expect(outcome.kind).toBe('timed');
  return outcome as TimedOutcome;
}

const runIn = (workload: Workload, condition: string) =>
  withTempDir(async (path) => workload.run(settingsFor(condition, path)));

describe.each([
  ['writes', nodeWrites(), ['conveyor', 'FileHandle', 'writeSync']],
  ['reads', nodeReads(), ['conveyor', 'FileHandle', 'readSync']],
])('4 KiB %s of real files', (_name, workload, sides) => {
  test.each(workload.conditions)('every side proves every byte: $label', async ({ name }) => {
    const { samples, bytes } = timed(await runIn(workload, name));
    expect(bytes).toBe(tinyScale.nodeBytes);
    expect(samples.map(({ side }) => side)).toEqual([...sides, ...[...sides].reverse(), ...sides]);
    expect(samples.every(({ verifiedBytes }) => verifiedBytes === bytes)).toBe(true);
  });
});

describe.each([
  ['writes', nodeDistantWrites()],
  ['reads', nodeDistantReads()],
])('4 KiB %s at a distance', (_name, workload) => {
  test('every byte is proven, and the unbuffered peer asks once per piece', async () => {
    const [condition] = workload.conditions;
    const { samples, bytes } = timed(await workload.run(settingsFor(condition?.name ?? '', undefined)));
    expect(samples.map(({ side }) => side)).toEqual(['conveyor', 'unbuffered', 'conveyor', 'conveyor']);
    expect(samples.every(({ verifiedBytes }) => verifiedBytes === bytes)).toBe(true);
    const unbuffered = samples.find(({ side }) => side === 'unbuffered');
    expect(unbuffered?.backendOperations).toBe(bytes / 4096);
    const conveyor = samples.find(({ side }) => side === 'conveyor');
    expect(conveyor?.backendOperations).toBeLessThan(bytes / 4096);
  });
});

describe('one wrong bit on the way ends a run without figures', () => {
  test('lesson_27: written to a storage at a distance', async () => {
    const run = nodeDistantWrites(() => corrupting('write')).run(settingsFor('empty', undefined));
    await expect(run).rejects.toThrow(new VerificationError('wrong bytes in the block at offset 8192'));
  });

  test('lesson_27: read from a storage at a distance', async () => {
    const run = nodeDistantReads(() => corrupting('read')).run(settingsFor('cold', undefined));
    await expect(run).rejects.toThrow(VerificationError);
  });

  test('lesson_27: written to a file', async () => {
    const workload = nodeWrites(() => corrupting('write', new FsStorage()));
    await expect(runIn(workload, 'fresh')).rejects.toThrow(VerificationError);
    await expect(runIn(workload, 'overwrite')).rejects.toThrow(VerificationError);
  });

  test('lesson_27: read from a file', async () => {
    const run = runIn(
      nodeReads(() => corrupting('read', new FsStorage())),
      'kept',
    );
    await expect(run).rejects.toThrow(VerificationError);
  });
});
