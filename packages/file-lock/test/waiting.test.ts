import { ManualClock } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { BackOff } from '../src/back-off.ts';
import { type Awaited, type Refusal, waitForLock } from '../src/lock-wait.ts';
import type { WaitClock } from '../src/wait-clock.ts';

const plain: Refusal = { isNext: false, isPolite: false };

/** A clock that the test moves, whose chance is always the same. */
function clockOf(manual: ManualClock, chance = 0.5): WaitClock {
  return {
    nowMs: () => manual.nowMs(),
    after(delayMs, action) {
      const timer = manual.schedule(Math.ceil(delayMs), action);
      return () => manual.cancel(timer);
    },
    chance: () => chance,
  };
}

/** A wait for something that is never free, with a note of each attempt. */
function endless(attempts: number[], manual: ManualClock, changes: Partial<Awaited<never>> = {}): Awaited<never> {
  return {
    path: '/a/file',
    minMs: 1,
    maxMs: 20,
    timeoutMs: 200,
    signal: undefined,
    attempt() {
      attempts.push(manual.nowMs());
      return { refused: plain };
    },
    giveUp: (reason) => new Error(reason),
    ...changes,
  };
}

test('lesson_35: a limit counts from the call: retried attempts do not add up', async () => {
  const manual = new ManualClock(1000);
  const attempts: number[] = [];
  let ended: { reason: string; atMs: number } | undefined;
  const waiting = waitForLock(endless(attempts, manual), plain, clockOf(manual)).catch((error) => {
    ended = { reason: error.message, atMs: manual.nowMs() };
  });
  await manual.advanceAndSettle(199);
  expect(ended).toBeUndefined();
  await manual.advanceAndSettle(1);
  await waiting;
  expect(ended).toEqual({ reason: 'timeout', atMs: 1200 });
  expect(attempts.length).toBeGreaterThan(10);
  expect(manual.timersPending).toBe(0);
});

test('L5: pauses grow from the least to the most', async () => {
  const manual = new ManualClock();
  const attempts: number[] = [];
  const waiting = waitForLock(endless(attempts, manual), plain, clockOf(manual, 0.9999)).catch(() => undefined);
  await manual.advanceAndSettle(200);
  await waiting;
  const pauses = attempts.map((at, index) => at - (attempts[index - 1] ?? 0));
  expect(pauses.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 20, 20]);
});

test('L5: a signal ends a pause at once, and leaves no timer', async () => {
  const manual = new ManualClock();
  const controller = new AbortController();
  const waiting = waitForLock(endless([], manual, { signal: controller.signal, minMs: 50 }), plain, clockOf(manual));
  controller.abort();
  await expect(waiting).rejects.toThrow('signal');
  expect(manual.timersPending).toBe(0);
});

test('L5: the pauses of both languages are the same', () => {
  const backOff = new BackOff(1, 20);
  expect([1, 2, 4, 8, 16, 20, 20].map(() => backOff.pauseMs(false, 0))).toEqual([0.5, 1, 2, 4, 8, 10, 10]);
  expect(backOff.pauseMs(true, 0)).toBe(0.5);
  expect(backOff.politeMs(0)).toBeGreaterThanOrEqual(2 * backOff.pauseMs(true, 0.9999));
});
