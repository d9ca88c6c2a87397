import { expect, test } from 'vitest';
import { Barrier, eventually, Latch, SyncPoint, withDeadline } from '../src/index.ts';

const late = expect.objectContaining({ code: 'ERR_CONVEYOR_DEADLINE' });

test('a barrier keeps its rounds apart', async () => {
  const barrier = new Barrier(['a', 'b', 'c']);
  const log: string[] = [];
  const run = async (party: string) => {
    for (let round = 0; round < 50; round++) {
      log.push(`${round}`);
      await barrier.arriveAndWait(party);
      expect(log.filter((entry) => entry === `${round}`).length).toBe(3);
    }
  };
  await Promise.all(['a', 'b', 'c'].map(run));
  expect(log.length).toBe(150);
});

test('a barrier that is never complete names who is missing', async () => {
  const barrier = new Barrier(['writer', 'reader', 'closer'], 'start');
  const error = await barrier.arriveAndWait('writer', 1).catch((thrown: Error) => thrown);
  expect(error).toEqual(late);
  expect((error as Error).message).toContain("barrier 'start': arrived writer; missing reader, closer, after 1 ms");
});

test('a barrier refuses strangers, doubles and nobody', async () => {
  expect(() => new Barrier([])).toThrow(RangeError);
  expect(() => new Barrier(['a', 'a'])).toThrow(RangeError);
  const barrier = new Barrier(['a', 'b']);
  await expect(barrier.arriveAndWait('x')).rejects.toThrow(RangeError);
  const first = barrier.arriveAndWait('a');
  await expect(barrier.arriveAndWait('a')).rejects.toThrow(RangeError);
  await barrier.arriveAndWait('b');
  await first;
});

test('a latch opens once and stays open', async () => {
  const latch = new Latch(2, 'landed');
  latch.countDown();
  await expect(latch.wait('flush', 1)).rejects.toThrow("latch 'landed': 1 still to come");
  const waiting = latch.wait();
  latch.countDown();
  await waiting;
  latch.countDown();
  expect(latch.isOpen).toBe(true);
  await latch.wait();
});

test('a sync point holds until released, in order of arrival', async () => {
  const point = new SyncPoint('before submit');
  const log: string[] = [];
  const tasks = ['first', 'second', 'third'].map(async (name) => {
    await point.pass(name);
    log.push(name);
  });
  await point.awaitArrivals(3);
  expect(log).toEqual([]);
  expect(point.describe()).toBe("sync point 'before submit': 3 arrived, 0 released");
  point.release();
  await tasks[0];
  expect(log).toEqual(['first']);
  point.open();
  await Promise.all(tasks);
  expect(log).toEqual(['first', 'second', 'third']);
  expect(point.arrivals).toBe(3);
  await point.pass('late', 1);
});

test('a sync point that is left alone says so', async () => {
  const point = new SyncPoint('before submit');
  await expect(point.awaitArrivals(1, 1)).rejects.toThrow('waits for arrival 1');
  await expect(point.pass('worker', 1)).rejects.toThrow(
    "worker: A wait did not end in time, sync point 'before submit'",
  );
  expect(() => point.release(0)).toThrow(RangeError);
});

test('withDeadline passes results and failures through and names what is late', async () => {
  expect(await withDeadline(Promise.resolve(7), 'seven')).toBe(7);
  await expect(withDeadline(Promise.reject(new Error('own')), 'x')).rejects.toThrow('own');
  const never = withDeadline(new Promise(() => {}), 'the last extent', 1);
  await expect(never).rejects.toEqual(late);
  await expect(never).rejects.toThrow('the last extent, after 1 ms');
});

test('eventually asks until it gets an answer', async () => {
  let asked = 0;
  expect(await eventually(() => (++asked < 3 ? undefined : asked), 'third', { intervalMs: 0 })).toBe(3);
  await expect(eventually(() => false, 'a miracle', { deadlineMs: 1, intervalMs: 0 })).rejects.toEqual(late);
});
