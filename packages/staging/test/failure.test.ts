import { ConveyorError } from '@libconveyor/errors';
import { ManualClock, Prng, SyncPoint, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, stage, streamSource } from '../src/index.ts';
import {
  expectBytes,
  never,
  readBytes,
  type Script,
  ScriptedSource,
  type SourceRequestSeen,
} from './scripted-source.ts';

const mebi = 1024 ** 2;
const content = new Prng(5n).bytes(4 * mebi);
const once = { attemptsMax: 1, backOffMs: 0 };

/** A network that breaks at an offset, so many times. */
function breaking(at: number, times: number): Script['beforePiece'] {
  let left = times;
  return (offset) => {
    if (offset !== at || left-- <= 0) return undefined;
    return Promise.reject(new ConveyorError('ECONNRESET', { origin: 'test', operation: 'fetch' }));
  };
}

test('T5: a failed fetch fails every waiter with its cause; what arrived stays, and retry goes on', async () => {
  await using dir = await tempDir();
  const source = new ScriptedSource(content, { beforePiece: breaking(2 * mebi, 1) });
  await using file = await stage(source, { dir: dir.path, ...once, reachBytes: 8 * mebi });
  const waiting = [2, 3, 4].map((at) => file.readAt(Buffer.alloc(10), at * mebi - 5));
  for (const outcome of await withDeadline(Promise.allSettled(waiting), 'the waiters')) {
    const reason = { code: 'ECONNRESET', operation: 'read', cause: { origin: 'test' } };
    expect(outcome).toMatchObject({ status: 'rejected', reason });
  }
  expect(file.state).toBe('failed');
  expect(file.failure).toMatchObject({ code: 'ECONNRESET' });
  await expect(file.whenComplete()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expectBytes(await readBytes(file, 0, 2 * mebi, 'what had arrived'), content.subarray(0, 2 * mebi));
  file.retry();
  file.retry(); // is one
  await withDeadline(file.whenComplete(), 'completion after the retry');
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, 2 * mebi]);
  expectBytes(await readBytes(file, 0, 4 * mebi), content);
  expect(file.failure).toBeUndefined();
});

test('T5: an error that goes away is not noticed by readers; pauses grow', async () => {
  await using dir = await tempDir();
  const clock = new ManualClock();
  const source = new ScriptedSource(content, { beforePiece: breaking(mebi, 3) });
  const options = { dir: dir.path, clock, attemptsMax: 4, backOffMs: 100 };
  await using manager = await StagingManager.open(options);
  const file = await manager.stage(source);
  const reading = readBytes(file, 0, 4 * mebi);
  for (const [requests, pauseMs] of [
    [1, 100],
    [2, 200],
    [3, 400],
  ] as const) {
    const paused = () => clock.nextTimerMs === clock.nowMs() + pauseMs && source.requests.length === requests;
    while (!paused()) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(pauseMs);
  }
  expect(Buffer.compare(await reading, content)).toBe(0);
  expect(source.requests).toHaveLength(4);
});

test('T5: attempts that bring bytes do not count against the limit', async () => {
  await using dir = await tempDir();
  let breaks = 0;
  const beforePiece = (offset: number, request: SourceRequestSeen) => {
    if (offset === request.begin || offset === content.byteLength) return undefined;
    breaks++;
    return Promise.reject(new ConveyorError('ECONNRESET', { origin: 'test', operation: 'fetch' }));
  };
  const source = new ScriptedSource(content, { beforePiece, pieceBytes: 256 * 1024 });
  await using file = await stage(source, { dir: dir.path, attemptsMax: 2, backOffMs: 0 });
  expectBytes(await readBytes(file, 0, 4 * mebi), content);
  expect(breaks).toBe(15);
});

test('T5: what cannot pass is not tried again', async () => {
  await using dir = await tempDir();
  for (const code of ['ENOENT', 'EACCES', 'ESTALE', 'ENOTSUP'] as const) {
    const beforeAnswer = () => Promise.reject(new ConveyorError(code, { origin: 'test', operation: 'open' }));
    const source = new ScriptedSource(content, { beforeAnswer });
    await using file = await stage(source, { dir: dir.path });
    await expect(readBytes(file, 0, 10)).rejects.toMatchObject({ code });
    expect(source.requests).toHaveLength(1);
  }
});

test('lesson_29: a source that is shorter than announced has failed', async () => {
  await using dir = await tempDir();
  const source = new ScriptedSource(content.slice(0, 3 * mebi), { size: 4 * mebi });
  await using file = await stage(source, { dir: dir.path, attemptsMax: 2, backOffMs: 0 });
  const error = { code: 'ERR_CONVEYOR_TRUNCATED', kind: 'corrupt' };
  await expect(readBytes(file, 3 * mebi - 5, 10)).rejects.toMatchObject(error);
  expect(file).toMatchObject({ state: 'failed', progress: { bytes: 3 * mebi } });
  expectBytes(await readBytes(file, 0, 3 * mebi), content.subarray(0, 3 * mebi));
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, 3 * mebi]);
});

test('lesson_29: no byte behind the announced end is kept, and the fetch has failed', async () => {
  await using dir = await tempDir();
  const announced = 3 * mebi + 5;
  for (const isRanged of [true, false]) {
    const source = new ScriptedSource(content, { size: announced, bodyEnd: content.byteLength, isRanged });
    await using file = await stage(source, { dir: dir.path });
    await expect(withDeadline(file.whenComplete(), 'the failure')).rejects.toMatchObject({ code: 'EPROTO' });
    expect(file.progress).toMatchObject({ state: 'failed', bytes: announced, size: announced });
    expectBytes(await readBytes(file, announced - 5, 100), Buffer.from(content.subarray(announced - 5, announced)));
    file.retry();
    expect(file.state).toBe('failed');
    expect(source.requests).toHaveLength(1);
  }
});

test('T5: a size that the caller announces and the source denies is ESTALE, before any byte', async () => {
  await using dir = await tempDir();
  for (const size of [0, content.byteLength - 1, content.byteLength + 1]) {
    await using file = await stage(new ScriptedSource(content), { dir: dir.path, size });
    await expect(withDeadline(file.whenComplete(), 'the failure')).rejects.toMatchObject({ code: 'ESTALE' });
    expect(file.progress.bytes).toBe(0);
  }
  await using file = await stage(new ScriptedSource(content, { size: 'unknown' }), { dir: dir.path, size: mebi });
  await expect(withDeadline(file.whenComplete(), 'the failure')).rejects.toMatchObject({ code: 'EPROTO' });
});

test('T5: a source without ranges begins anew, and what comes twice is compared', async () => {
  await using dir = await tempDir();
  const whole = new ScriptedSource(content, { beforePiece: breaking(mebi, 1), isRanged: false });
  await using file = await stage(whole, { dir: dir.path, backOffMs: 0 });
  expectBytes(await readBytes(file, 0, 4 * mebi), content);
  expect(whole.requests.map(({ begin }) => begin)).toEqual([0, 0]);

  let opened = 0;
  const changed = Buffer.from(content);
  changed[mebi - 1] = (changed[mebi - 1] ?? 0) ^ 1;
  const opener = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = opened++ === 0 ? Buffer.from(content) : changed;
    yield bytes.subarray(0, mebi);
    if (opened === 1) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    yield bytes.subarray(mebi);
  };
  await using mixed = await stage(streamSource(opener), { dir: dir.path, backOffMs: 0 });
  await expect(readBytes(mixed, 2 * mebi, 10)).rejects.toMatchObject({ code: 'ESTALE', kind: 'changed' });
  mixed.retry();
  await expect(withDeadline(mixed.whenComplete(), 'the second failure')).rejects.toMatchObject({ code: 'ESTALE' });
  expectBytes(await readBytes(mixed, 0, mebi), content.subarray(0, mebi));
});

test('T5: a stream can be read once', async () => {
  await using dir = await tempDir();
  const stream = (async function* (): AsyncGenerator<Uint8Array> {
    yield content.slice(0, 100);
    throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  })();
  await using file = await stage(streamSource(stream), { dir: dir.path, backOffMs: 0 });
  await expect(readBytes(file, 50, 100)).rejects.toMatchObject({ code: 'ESPIPE' });
  expectBytes(await readBytes(file, 0, 100), Buffer.from(content.subarray(0, 100)));
});

test('T5: a request out of order fails for those who wait for its bytes, and for nobody else', async () => {
  await using dir = await tempDir();
  const front = new SyncPoint('the front');
  let isBroken = true;
  const source = new ScriptedSource(content, {
    beforePiece: (offset, { index }) => (index === 0 && offset >= mebi ? front.pass('the front') : undefined),
    beforeAnswer: ({ begin }) => (begin >= 3 * mebi && isBroken ? Promise.reject(new Error('broken')) : undefined),
  });
  await using file = await stage(source, { dir: dir.path, ...once, reachBytes: mebi / 2 });
  await front.awaitArrivals(1);
  const other = readBytes(file, mebi, 10, 'a reader near the front');
  await expect(readBytes(file, 3 * mebi, 10, 'the far reader')).rejects.toMatchObject({ code: 'EIO' });
  expectBytes(await readBytes(file, 2 * mebi, 10), Buffer.from(content.subarray(2 * mebi, 2 * mebi + 10)));
  isBroken = false;
  expectBytes(await readBytes(file, 3 * mebi, 10), Buffer.from(content.subarray(3 * mebi, 3 * mebi + 10)));
  front.open();
  expectBytes(await other, Buffer.from(content.subarray(mebi, mebi + 10)));
});

test('T5: what a source answers is not believed', async () => {
  await using dir = await tempDir();
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield content.slice(0, 10);
  };
  const answers = [
    { begin: 0.5, isRanged: true, body: body() },
    { begin: 10, end: 5, isRanged: true, body: body() },
    { begin: 0, end: 10, size: 5, isRanged: true, body: body() },
    { begin: 0, size: Number.NaN, isRanged: true, body: body() },
    { begin: 0, isRanged: true, body: [['text']] as never },
    { begin: 7, isRanged: true, body: body() },
  ];
  for (const answer of answers) {
    await using file = await stage({ name: 'liar', open: async () => answer }, { dir: dir.path, ...once });
    await expect(readBytes(file, 0, 10)).rejects.toThrow();
    expect(file.state).toBe('failed');
  }
  const empty = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(0);
  };
  const open = async () => ({ begin: 0, isRanged: true, body: empty() });
  await using file = await stage({ name: 'empty', open }, { dir: dir.path, ...once });
  await expect(readBytes(file, 0, 10)).rejects.toMatchObject({ code: 'ERR_CONVEYOR_BACKEND_CONTRACT' });
});

test('lesson_32: the next opener tries again what has failed, and starts anew what has changed', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, ...once });
  const source = new ScriptedSource(content, { key: 'a', beforePiece: breaking(mebi, 1) });
  const first = await manager.stage(source);
  await expect(readBytes(first, 2 * mebi, 10)).rejects.toMatchObject({ code: 'ECONNRESET' });
  const second = await manager.stage(source);
  expectBytes(await readBytes(second, 0, 4 * mebi), content);
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, mebi]);

  const stale = () => Promise.reject(new ConveyorError('ESTALE', { origin: 'test', operation: 'open' }));
  const third = await manager.stage(new ScriptedSource(content, { key: 'b', beforeAnswer: stale }));
  await expect(readBytes(third, 0, 10)).rejects.toMatchObject({ code: 'ESTALE' });
  const fourth = await manager.stage(new ScriptedSource(content, { key: 'b' }));
  expectBytes(await readBytes(fourth, 0, 10), Buffer.from(content.subarray(0, 10)));
  await expect(readBytes(third, 0, 10)).rejects.toMatchObject({ code: 'ESTALE' });
});

test('T5: closing while a failed fetch pauses does not wait for the pause', async () => {
  await using dir = await tempDir();
  const clock = new ManualClock();
  await using manager = await StagingManager.open({ dir: dir.path, clock });
  const source = new ScriptedSource(content, { beforePiece: breaking(0, 100), onClose: never });
  const file = await manager.stage(source);
  while (clock.timersPending === 0) await new Promise((resolve) => setImmediate(resolve));
  const closing = file.close();
  while (source.closes === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advanceAndSettle(5000);
  await withDeadline(closing, 'the close');
});
