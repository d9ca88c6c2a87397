import { ManualClock } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { type LatencyOptions, MemoryStorage, type StorageFile, withLatency } from '../src/index.ts';

const kib = new Uint8Array(1024);

/** A file of 1 KiB behind a layer that only waits for reads and writes. */
async function distantFile(options: Partial<LatencyOptions>): Promise<{ clock: ManualClock; file: StorageFile }> {
  const clock = new ManualClock();
  const operations = ['read', 'write'] as const;
  const storage = withLatency(new MemoryStorage(), { latencyMs: 0, operations, clock, ...options });
  const opening = storage.open('file', 'w+');
  await clock.advanceAndSettle(0);
  return { clock, file: await opening };
}

/** Runs operations to their end; gives the time at which each one ended. */
async function timed(clock: ManualClock, operations: readonly Promise<unknown>[]): Promise<number[]> {
  const ended = Promise.all(operations.map((operation) => operation.then(() => clock.nowMs())));
  for (await clock.advanceAndSettle(0); clock.timersPending > 0; ) {
    await clock.advanceAndSettle((clock.nextTimerMs ?? 0) - clock.nowMs());
  }
  return ended;
}

describe('withLatency', () => {
  test('each operation waits, and waits overlap', async () => {
    const { clock, file } = await distantFile({ latencyMs: 20 });
    expect(await timed(clock, [file.write(kib, 0), file.write(kib, 1024), file.read(kib, 0)])).toEqual([20, 20, 20]);
    expect(await timed(clock, [file.size()])).toEqual([20]);
  });

  test('an operation has no effect before its wait is over', async () => {
    const { clock, file } = await distantFile({ latencyMs: 20 });
    const writing = file.write(kib, 0);
    await clock.advanceAndSettle(19);
    expect(await file.size()).toBe(0);
    await clock.advanceAndSettle(1);
    expect(await writing).toBe(1024);
  });

  test('bytes share one link, and latency comes on top', async () => {
    const { clock, file } = await distantFile({ latencyMs: 10, bandwidthBytesPerSecond: 102_400 });
    expect(
      await timed(
        clock,
        [0, 1, 2].map((index) => file.write(kib, index * 1024)),
      ),
    ).toEqual([20, 30, 40]);
    // Reads pay for the bytes they got.
    expect(await timed(clock, [file.read(new Uint8Array(4096), 2048)])).toEqual([60]);
  });

  test('the same seed gives the same times, within the distribution', async () => {
    const spread = { latencyMs: { minMs: 5, maxMs: 50 } };
    const run = async (seed: number, latency: Pick<LatencyOptions, 'latencyMs'>) => {
      const { clock, file } = await distantFile({ ...latency, seed });
      return timed(
        clock,
        Array.from({ length: 40 }, () => file.read(kib, 0)),
      );
    };
    const times = await run(3, spread);
    expect(await run(3, spread)).toEqual(times);
    expect(await run(4, spread)).not.toEqual(times);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...times)).toBeLessThanOrEqual(50);
    expect(new Set(times).size).toBeGreaterThan(10);
    const exponential = await run(3, { latencyMs: { meanMs: 20, maxMs: 60 } });
    expect(Math.max(...exponential)).toBeLessThanOrEqual(60);
    expect(new Set(exponential).size).toBeGreaterThan(10);
  });

  test('an abort ends the wait, and nothing has happened', async () => {
    const { clock, file } = await distantFile({ latencyMs: 20 });
    const controller = new AbortController();
    const writing = file.write(kib, 0, { signal: controller.signal });
    await clock.advanceAndSettle(10);
    controller.abort();
    await expect(writing).rejects.toMatchObject({ code: 'ECANCELED', operation: 'write', path: 'file' });
    expect(clock.timersPending).toBe(0);
    expect(await file.size()).toBe(0);
  });

  test('other operations do not wait, and files have no descriptor', async () => {
    const { clock, file } = await distantFile({ latencyMs: 20 });
    await file.sync();
    expect(clock.nowMs()).toBe(0);
    expect(file.fd).toBeUndefined();
  });

  test.each([
    [undefined, 'ERR_CONVEYOR_ARG_TYPE'],
    [{}, 'ERR_CONVEYOR_ARG_TYPE'],
    [{ latencyMs: -1 }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ latencyMs: { maxMs: 1, minMs: 2 } }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ latencyMs: { minMs: 1 } }, 'ERR_CONVEYOR_ARG_TYPE'],
    [{ latencyMs: { meanMs: 9, maxMs: 8 } }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ latencyMs: { minMs: 1, maxMs: 2, p99: 3 } }, 'ERR_CONVEYOR_UNKNOWN_OPTION'],
    [{ latencyMs: 1, bandwidth: 3 }, 'ERR_CONVEYOR_UNKNOWN_OPTION'],
    [{ latencyMs: 1, bandwidthBytesPerSecond: 0 }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ latencyMs: 1, operations: ['reed'] }, 'ERR_CONVEYOR_ARG_RANGE'],
  ])('%j is refused', (options, code) => {
    expect(() => withLatency(new MemoryStorage(), options as never)).toThrow(expect.objectContaining({ code }));
  });
});
