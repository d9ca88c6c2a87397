import { ManualClock } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Fault,
  type FaultRule,
  MemoryStorage,
  type RetryOptions,
  type Storage,
  withFaults,
  withRetry,
} from '../src/index.ts';

const transient: Fault = { kind: 'error', code: 'EAGAIN' };

function retried(rule: FaultRule, options: RetryOptions = {}) {
  const clock = new ManualClock();
  const memory = new MemoryStorage();
  const faulty = withFaults(memory, [rule]);
  const storage: Storage = withRetry(faulty, { clock, seed: 1, ...options });
  return { clock, memory, faulty, storage };
}

/** Moves the clock until the operation has ended. */
async function settled<T>(clock: ManualClock, operation: Promise<T>): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  const done = Promise.allSettled([operation]).then(([first]) => {
    result = first;
  });
  for (await clock.advanceAndSettle(0); result === undefined; ) await clock.advanceAndSettle(1);
  await done;
  return result;
}

describe('withRetry', () => {
  test('what fails safely is tried again until it works', async () => {
    const { clock, faulty, storage } = retried({ operation: 'mkdir', times: 3, fault: transient });
    expect(await settled(clock, storage.mkdir('a'))).toMatchObject({ status: 'fulfilled' });
    expect(faulty.faults.injected).toHaveLength(3);
    expect((await storage.stat('a')).type).toBe('directory');
  });

  test('other errors go through at once, as they are', async () => {
    const { clock, faulty, storage } = retried({ operation: 'mkdir', fault: { kind: 'error', code: 'EIO' } });
    await expect(storage.mkdir('a')).rejects.toMatchObject({ code: 'EIO', retry: 'never' });
    expect(faulty.faults.injected).toHaveLength(1);
    expect(clock.timersPending).toBe(0);
    await expect(storage.mkdir('')).rejects.toThrow(RangeError);
  });

  test('after the last attempt the error is exhausted, and the original its cause', async () => {
    const { clock, faulty, storage } = retried({ operation: 'mkdir', fault: transient }, { attemptsMax: 4 });
    const result = await settled(clock, storage.mkdir('a'));
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'EAGAIN', kind: 'busy', retry: 'exhausted', operation: 'mkdir', path: 'a' },
    });
    const { reason } = result as PromiseRejectedResult;
    expect(reason.cause).toMatchObject({ code: 'EAGAIN', retry: 'safe' });
    expect(reason.message).toContain('tried 4 times');
    expect(faulty.faults.injected).toHaveLength(4);
  });

  test('no try begins behind the deadline', async () => {
    const options = { attemptsMax: 1000, deadlineMs: 500, delayMs: 100, delayMsMax: 100 };
    const { clock, storage } = retried({ operation: 'mkdir', fault: transient }, options);
    expect(await settled(clock, storage.mkdir('a'))).toMatchObject({ reason: { retry: 'exhausted' } });
    expect(clock.nowMs()).toBeLessThanOrEqual(500);
    expect(clock.nowMs()).toBeGreaterThan(100);
  });

  test('waits grow, have a bound and differ by seed', async () => {
    const waits = async (seed: number) => {
      const options = { attemptsMax: 9, delayMs: 100, delayMsMax: 800, seed };
      const { clock, faulty, storage } = retried({ operation: 'mkdir', fault: transient }, options);
      const times: number[] = [];
      const ended = settled(clock, storage.mkdir('a'));
      for (let seen = 0; seen < 9; ) {
        await clock.advanceAndSettle(1);
        for (; seen < faulty.faults.injected.length; seen++) times.push(clock.nowMs());
      }
      await ended;
      return times.slice(1).map((time, index) => time - (times[index] ?? 0));
    };
    const first = await waits(1);
    expect(await waits(1)).toEqual(first);
    expect(await waits(2)).not.toEqual(first);
    for (const [index, wait] of first.entries()) expect(wait).toBeLessThanOrEqual(Math.min(800, 100 * 2 ** index) + 1);
    expect(Math.max(...first)).toBeGreaterThan(200);
  });

  test('an abort ends the wait', async () => {
    const { clock, faulty, storage } = retried({ operation: 'mkdir', fault: transient }, { delayMs: 1000 });
    const controller = new AbortController();
    const making = storage.mkdir('a', { signal: controller.signal });
    await clock.advanceAndSettle(0);
    expect(clock.timersPending).toBe(1);
    controller.abort();
    await expect(making).rejects.toMatchObject({ code: 'ECANCELED', message: expect.stringContaining('EAGAIN') });
    expect(clock.timersPending).toBe(0);
    expect(faulty.faults.injected).toHaveLength(1);
  });

  test('a listing begins anew, and is complete', async () => {
    const { clock, memory, storage } = retried({ operation: 'list', times: 2, fault: transient });
    for (const name of ['a', 'b']) await memory.mkdir(name);
    const names = async () => {
      const found: string[] = [];
      for await (const entry of storage.list('/')) found.push(entry.name);
      return found.sort();
    };
    expect(await settled(clock, names())).toMatchObject({ value: ['a', 'b'] });
  });

  test('close is not repeated', async () => {
    const { faulty, storage } = retried({ operation: 'close', path: 'file', fault: transient });
    const file = await storage.open('file', 'w');
    await expect(file.close()).rejects.toMatchObject({ code: 'EAGAIN' });
    expect(faulty.faults.injected).toHaveLength(1);
  });

  test.each([
    { attemptsMax: 0 },
    { deadlineMs: -1 },
    { delayMs: 0.5 },
    { delayMsMax: -1 },
    { seed: -1 },
    { jitter: 1 },
  ])('%j is refused', (options) => {
    expect(() => withRetry(new MemoryStorage(), options as never)).toThrow();
  });
});
