import { drawLatencyMs, Link, parseBandwidth, Route } from '@libconveyor/storage/link';
import { eventually, ManualClock } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { startS3Mock } from '../src/index.ts';

/** Sends so many pieces one after another, and says when each was carried. */
async function sendAll(link: Link | Route, clock: ManualClock, pieces: number[], latenessMs = 0): Promise<number[]> {
  const times: number[] = [];
  for (const piece of pieces) {
    const wait = link.carry(piece);
    if (wait !== undefined) {
      await wait;
      if (latenessMs > 0) clock.advance(latenessMs);
    }
    times.push(clock.nowMs());
  }
  return times;
}

async function runToEnd<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  for (let turn = 0; !isDone && turn < 10_000; turn++) await clock.advanceAndSettle(1);
  return done;
}

describe('a line', () => {
  test('carries what its bandwidth says, in time and in order', async () => {
    const clock = new ManualClock();
    const link = new Link(1_000_000, clock);
    expect(await runToEnd(clock, sendAll(link, clock, [10_000, 20_000, 5000]))).toEqual([10, 30, 35]);
  });

  test('is shared: two users together get no more than one', async () => {
    const clock = new ManualClock();
    const link = new Link(1_000_000, clock);
    const pieces = Array.from({ length: 50 }, () => 10_000);
    const both = Promise.all([sendAll(link, clock, pieces), sendAll(link, clock, pieces)]);
    const [first = [], second = []] = await runToEnd(clock, both);
    expect(Math.max(first.at(-1) ?? 0, second.at(-1) ?? 0)).toBe(1000);
    expect(first.at(-1)).toBeGreaterThan(980);
  });

  test('loses nothing to timers that are late', async () => {
    const clock = new ManualClock();
    const link = new Link(1_000_000, clock);
    const pieces = Array.from({ length: 100 }, () => 10_000);
    // Each wait ends 7 ms late; the next piece waits so much less.
    const times = await runToEnd(clock, sendAll(link, clock, pieces, 7));
    expect(times.at(-1)).toBeLessThanOrEqual(1010);
    expect(times.at(-1)).toBeGreaterThanOrEqual(1000);
  });

  test('does not save up what it could have carried while nobody used it', async () => {
    const clock = new ManualClock();
    const link = new Link(1_000_000, clock);
    await runToEnd(clock, sendAll(link, clock, [10_000]));
    clock.advance(500);
    const begin = clock.nowMs();
    const times = await runToEnd(clock, sendAll(link, clock, [100_000]));
    expect((times[0] ?? 0) - begin).toBe(100);
  });

  test('of several lines the slowest decides, and the pieces are its', async () => {
    const clock = new ManualClock();
    const slow = new Link(1_000_000, clock);
    const route = new Route([new Link(125_000_000, clock), undefined, slow]);
    expect(route.pieceLength).toBe(4000);
    expect(new Route([undefined]).pieceLength).toBe(Number.POSITIVE_INFINITY);
    expect(await runToEnd(clock, sendAll(route, clock, [50_000]))).toEqual([50]);
  });
});

test('bandwidths with units', () => {
  expect(parseBandwidth('b', '1Gbit')).toBe(125_000_000);
  expect(parseBandwidth('b', '100 Mbit/s')).toBe(12_500_000);
  expect(parseBandwidth('b', '2.5MB')).toBe(2_500_000);
  expect(parseBandwidth('b', '512KiB')).toBe(524_288);
  expect(parseBandwidth('b', 7)).toBe(7);
  for (const wrong of ['fast', '1 parsec', '', -1, 0]) expect(() => parseBandwidth('b', wrong)).toThrow('b must be');
});

test('latencies: fixed, between two bounds, exponential with a mean', () => {
  expect(drawLatencyMs(20, () => 0.5)).toBe(20);
  expect(drawLatencyMs({ minMs: 10, maxMs: 30 }, () => 0.25)).toBe(15);
  expect(drawLatencyMs({ meanMs: 10, maxMs: 1000 }, () => 1 - Math.exp(-1))).toBeCloseTo(10);
  expect(drawLatencyMs({ meanMs: 10, maxMs: 40 }, () => 0.999_999)).toBe(40);
});

/** How long the work takes by a clock that goes to the next timer as long as somebody waits. */
async function elapsed(clock: ManualClock, work: Promise<unknown>): Promise<number> {
  const begin = clock.nowMs();
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  await eventually(
    () => {
      // To the next timer and no further: the time between is the server's own.
      if (!isDone && clock.nextTimerMs !== undefined) clock.advance(clock.nextTimerMs - clock.nowMs());
      return isDone;
    },
    'the transfer',
    { intervalMs: 0 },
  );
  await done;
  return clock.nowMs() - begin;
}

describe('a server at a distance', () => {
  test('answers a latency after the request, and a fault adds to it', async () => {
    const clock = new ManualClock();
    await using mock = await startS3Mock({ buckets: ['far'], anonymous: true, latencyMs: 20, clock });
    mock.faults.setPlan([{ nth: 2, fault: { kind: 'latency', latencyMs: 300 } }]);
    for (const latencyMs of [20, 320]) {
      const begin = clock.nowMs();
      const answering = fetch(`${mock.endpoint}/far`);
      await eventually(() => clock.nextTimerMs !== undefined, 'the latency');
      expect((clock.nextTimerMs ?? 0) - begin).toBe(latencyMs);
      clock.advance(latencyMs);
      expect((await answering).status).toBe(200);
    }
  });

  test('bodies go no faster than the line, up and down, and a fault may slow them', async () => {
    const clock = new ManualClock();
    const options = { buckets: ['far'], anonymous: true, bandwidth: '1MB', clock };
    await using mock = await startS3Mock(options);
    const body = Buffer.alloc(100_000);
    const url = `${mock.endpoint}/far/object`;
    expect(await elapsed(clock, fetch(url, { method: 'PUT', body }))).toBeGreaterThanOrEqual(98);
    expect(
      await elapsed(
        clock,
        fetch(url).then((response) => response.arrayBuffer()),
      ),
    ).toBeGreaterThanOrEqual(98);
    mock.faults.setPlan([{ times: 1, fault: { kind: 'bandwidth', bandwidth: '100kB' } }]);
    const slow = await elapsed(
      clock,
      fetch(url).then((response) => response.arrayBuffer()),
    );
    expect(slow).toBeGreaterThanOrEqual(980);
    expect(slow).toBeLessThanOrEqual(1000);
  });

  test('a limit of each connection is not shared', async () => {
    const clock = new ManualClock();
    await using mock = await startS3Mock({ buckets: ['far'], anonymous: true, connectionBandwidth: '1MB', clock });
    await mock.createObject('far', 'object', 200_000);
    const get = () => fetch(`${mock.endpoint}/far/object`).then((response) => response.arrayBuffer());
    const took = await elapsed(clock, Promise.all([get(), get()]));
    expect(took).toBeGreaterThanOrEqual(195);
    expect(took).toBeLessThanOrEqual(205);
  });
});
