import { expect, test } from 'vitest';
import { ManualClock } from '../src/index.ts';

test('fires in order, each timer at its own time', () => {
  const clock = new ManualClock();
  const fired: number[] = [];
  const note = () => fired.push(clock.nowMs());
  clock.schedule(30, note);
  clock.schedule(10, note);
  clock.schedule(10, () => {
    note();
    clock.schedule(5, note);
  });
  clock.advance(9);
  expect(fired).toEqual([]);
  expect(clock.nextTimerMs).toBe(10);
  clock.advance(11);
  expect(fired).toEqual([10, 10, 15]);
  expect(clock.nowMs()).toBe(20);
  clock.advance(100);
  expect(fired).toEqual([10, 10, 15, 30]);
  expect([clock.timersPending, clock.nextTimerMs, clock.nowMs()]).toEqual([0, undefined, 120]);
});

test('a delay of 0 fires on the next advance; cancelled timers do not fire', () => {
  const clock = new ManualClock(50);
  let fired = 0;
  const timer = clock.schedule(0, () => fired++);
  const cancelled = clock.schedule(0, () => fired++);
  expect(clock.cancel(cancelled)).toBe(true);
  expect(clock.cancel(cancelled)).toBe(false);
  clock.advance(0);
  expect([fired, clock.cancel(timer)]).toEqual([1, false]);
});

test('advanceAndSettle runs what a timer set off before the next one', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const retry = async () => {
    for (let attempt = 1; attempt <= 3; attempt++) {
      await clock.sleep(10);
      log.push(`${attempt} at ${clock.nowMs()}`);
    }
  };
  const done = retry();
  await clock.advanceAndSettle(25);
  expect(log).toEqual(['1 at 10', '2 at 20']);
  await clock.advanceAndSettle(5);
  await done;
  expect(log.at(-1)).toBe('3 at 30');
});

test('sleep ends early with the reason of its signal', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  expect(clock.timersPending).toBe(0);
  await expect(clock.sleep(10, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(() => clock.schedule(1.5, () => {})).toThrow(RangeError);
});
