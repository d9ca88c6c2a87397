import { afterEach, expect, test, vi } from 'vitest';
import { putAtCeiling } from '../src/s3-ceiling.ts';
import { requireMade } from '../src/s3-sides.ts';
import { S3Site } from '../src/s3-site.ts';
import { addAtCeiling, addWithSdk, requireSmallObjects, withSmallFiles } from '../src/s3-small-files.ts';
import { s3Workloads } from '../src/s3-workloads.ts';
import { VerificationError } from '../src/samples.ts';
import { Stopwatch } from '../src/stopwatch.ts';
import { settingsFor, tinyScale } from './fixtures.ts';

const scale = { ...tinyScale, s3Bytes: 8 * 1024 ** 2 };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Without what this machine happens to have. The small files need the built command line. */
function ownWorkloads() {
  vi.stubEnv('PATH', '');
  return s3Workloads().filter(({ id }) => id !== 's3-small-files');
}

test.for(ownWorkloads())('$id: every side does the work, and the server has seen it', async ({ run, id }) => {
  const outcome = await run({ ...settingsFor('0ms', undefined), scale, rounds: 1 });
  if (outcome.kind !== 'timed') throw new Error('it is not timed');
  const names = id === 's3-first-byte' ? ['conveyor', 'sdk'] : ['conveyor', 'sdk', 'ceiling'];
  expect(new Set(outcome.samples.map(({ side }) => side))).toEqual(new Set(names));
  for (const { backendOperations, wire, verifiedBytes } of outcome.samples) {
    expect(backendOperations).toBeGreaterThan(0);
    expect(wire?.inFlightMax).toBeGreaterThan(0);
    expect(wire?.bytes).toBeGreaterThanOrEqual(outcome.bytes);
    expect(verifiedBytes).toBe(outcome.bytes);
  }
});

test('what must be faster than mounts is asked only where something can be mounted', () => {
  const random = ['ratio', 'wireRatio'];
  const measures = ownWorkloads().flatMap(({ requirements }) => requirements.map(({ measure }) => measure));
  expect(measures).toEqual(['linkShare', 'linkShare', ...random, ...random, ...random, 'ratio']);
});

test('small files arrive, and one that is wrong or missing is noticed', async () => {
  await using site = await S3Site.start({ latencyMs: 0, bytesPerSecond: undefined });
  await withSmallFiles(20, async (files) => {
    for (const [prefix, add] of Object.entries({ sdk: addWithSdk, ceiling: addAtCeiling })) {
      const job = { site, ...files, prefix, watch: new Stopwatch() };
      await add(job);
      await requireSmallObjects(job);
      await putAtCeiling(site.endpoint, [{ key: `${prefix}/${files.names[7]}`, content: Buffer.alloc(4096) }]);
      await expect(requireSmallObjects(job)).rejects.toThrow(VerificationError);
    }
    const job = { site, ...files, prefix: 'none', watch: new Stopwatch() };
    await expect(requireSmallObjects(job)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('wrong bytes of an object are noticed', () => {
  expect(() => requireMade(Buffer.alloc(10), 0)).toThrow(VerificationError);
});
