import { ManualClock, Prng, SyncPoint, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, stage, streamSource } from '../src/index.ts';
import { expectBytes, never, readBytes, ScriptedSource } from './scripted-source.ts';

const kibi = 1024;
const mebi = 1024 ** 2;

test('T1: 8 readers of 100 random ranges each of a source of 32 MiB get its bytes', async () => {
  await using dir = await tempDir();
  const content = new Prng(8n).bytes(32 * mebi);
  const source = new ScriptedSource(content);
  await using file = await stage(source, { dir: dir.path });
  const reader = async (seed: number): Promise<void> => {
    const random = new Prng(BigInt(seed));
    for (let round = 0; round < 100; round++) {
      const offset = random.below(content.byteLength + 100);
      const length = random.below(300 * kibi);
      const bytes = await readBytes(file, offset, length, `round ${round} of reader ${seed}\n`);
      expect(Buffer.compare(bytes, content.subarray(offset, offset + length))).toBe(0);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => reader(index)));
  await withDeadline(file.whenComplete(), 'completion');
  // Most bytes come once, whatever was asked in which order.
  expect(source.bytesSent).toBeLessThan(1.5 * content.byteLength);
});

test('T1: the size may be unknown until the end, and a read that meets the end waits for it', async () => {
  await using dir = await tempDir();
  const content = new Prng(9n).bytes(300 * kibi);
  const end = new SyncPoint('end of the source');
  const beforePiece = (offset: number) => (offset === content.byteLength ? end.pass('the source') : undefined);
  const source = new ScriptedSource(content, { size: 'unknown', isRanged: false, beforePiece });
  await using file = await stage(source, { dir: dir.path });
  expectBytes(await readBytes(file, 0, content.byteLength), content);
  expect(file.size).toBeUndefined();
  const behind = readBytes(file, content.byteLength - 10, 100, 'the read over the end');
  const size = withDeadline(file.whenSized(), 'the size');
  await end.awaitArrivals(1);
  end.open();
  expectBytes(await behind, Buffer.from(content.slice(-10)));
  expect(await size).toBe(content.byteLength);
  expect(await readBytes(file, content.byteLength, 1)).toHaveLength(0);
});

test('T1: an empty source is complete, with and without an announced size', async () => {
  await using dir = await tempDir();
  for (const size of [0, 'unknown'] as const) {
    await using file = await stage(new ScriptedSource(new Uint8Array(0), { size }), { dir: dir.path });
    expect(await readBytes(file, 0, 10, `the read of an empty source, size ${size}`)).toHaveLength(0);
    await withDeadline(file.whenComplete(), 'completion');
    expect(file.size).toBe(0);
  }
});

test('T1: Web streams, Node streams and generators are read as they come', async () => {
  await using dir = await tempDir();
  const content = new Prng(10n).bytes(200 * kibi);
  const { Readable } = await import('node:stream');
  const pieces = function* (): Generator<Uint8Array> {
    for (let offset = 0; offset < content.byteLength; offset += 7777) yield content.slice(offset, offset + 7777);
  };
  const { ReadableStream } = globalThis as unknown as { ReadableStream: { from(pieces: unknown): never } };
  const streams = [Readable.from(pieces()), ReadableStream.from(pieces()), Readable.from([Buffer.from(content)])];
  for (const stream of streams) {
    await using file = await stage(streamSource(stream), { dir: dir.path });
    expectBytes(await readBytes(file, 0, 2 * content.byteLength), content);
  }
});

test('T2: a read far ahead of a front that stalls is fetched out of order, and the gap is filled later', async () => {
  await using dir = await tempDir();
  const content = new Prng(2n).bytes(8 * mebi);
  const front = new SyncPoint('the front');
  const beforePiece = (offset: number, { index }: { index: number }) =>
    index === 0 && offset >= mebi ? front.pass('the front') : undefined;
  const source = new ScriptedSource(content, { beforePiece });
  await using file = await stage(source, { dir: dir.path, reachBytes: mebi, rangeBytes: 256 * kibi });
  await front.awaitArrivals(1);
  const far = await readBytes(file, 5 * mebi, 100, 'the read far ahead');
  expect(far).toEqual(Buffer.from(content.slice(5 * mebi, 5 * mebi + 100)));
  expect(file.progress.front).toBe(mebi);
  expect(source.requests[1]).toMatchObject({ begin: 5 * mebi, end: 5 * mebi + 256 * kibi });
  // The next in a row is asked for twice as much.
  await readBytes(file, 5 * mebi + 256 * kibi, 100, 'the read that goes on');
  expect(source.requests[2]).toMatchObject({ begin: 5 * mebi + 256 * kibi, end: 5 * mebi + 768 * kibi });
  front.open();
  await withDeadline(file.whenComplete(), 'completion');
  expectBytes(await readBytes(file, 0, content.byteLength), content);
  // What was there is skipped, not fetched again.
  expect(source.requests[3]).toMatchObject({ begin: 5 * mebi + 768 * kibi });
});

test('T2: a read near the front waits for it, and so does every read of a source without ranges', async () => {
  await using dir = await tempDir();
  const content = new Prng(3n).bytes(4 * mebi);
  for (const isRanged of [true, false]) {
    const front = new SyncPoint('the front');
    const beforePiece = (offset: number) => (offset >= mebi ? front.pass('the front') : undefined);
    const source = new ScriptedSource(content, { beforePiece, isRanged });
    await using file = await stage(source, { dir: dir.path, reachBytes: isRanged ? 4 * mebi : 0 });
    await front.awaitArrivals(1);
    const reading = readBytes(file, 3 * mebi, 100, 'the read that waits');
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.requests).toHaveLength(1);
    front.open();
    expectBytes(await reading, Buffer.from(content.slice(3 * mebi, 3 * mebi + 100)));
  }
});

test('T2: readers of the same bytes share a request, and requests out of order are bounded', async () => {
  await using dir = await tempDir();
  const content = new Prng(4n).bytes(16 * mebi);
  const ranges = new SyncPoint('requests out of order');
  const beforePiece = (offset: number, { index }: { index: number }) =>
    index === 0 ? (offset > 0 ? never() : undefined) : ranges.pass('a range');
  const source = new ScriptedSource(content, { beforePiece });
  await using file = await stage(source, { dir: dir.path, reachBytes: 0, rangesMax: 2 });
  await readBytes(file, 0, 1);
  const reads = [4, 4, 8, 8, 12].map((at) => readBytes(file, at * mebi, 10, `the read at ${at} MiB`));
  await ranges.awaitArrivals(2);
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, 4 * mebi, 8 * mebi]);
  ranges.open();
  await Promise.all(reads);
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, 4 * mebi, 8 * mebi, 12 * mebi]);
});

test('lesson_28: all readers whose bytes are on the disk are woken while the source stalls', async () => {
  await using dir = await tempDir();
  const content = new Prng(5n).bytes(mebi);
  const begin = new SyncPoint('the first half');
  const beforePiece = (offset: number) =>
    offset === 0 ? begin.pass('the source') : offset >= mebi / 2 ? never() : undefined;
  await using file = await stage(new ScriptedSource(content, { beforePiece, isRanged: false }), { dir: dir.path });
  const readers = Array.from({ length: 100 }, (_, index) => readBytes(file, index * 5000, 5000, `reader ${index}`));
  await begin.awaitArrivals(1);
  begin.open();
  const results = await Promise.all(readers);
  expect(Buffer.compare(Buffer.concat(results), content.subarray(0, 500_000))).toBe(0);
  // Whoever comes late does not sleep.
  expect(await readBytes(file, 0, mebi / 2, 'the late reader')).toHaveLength(mebi / 2);
});

test('T3: a level tells of every change, also to who asks late', async () => {
  await using dir = await tempDir();
  await using file = await stage(new ScriptedSource(new Uint8Array(mebi)), { dir: dir.path });
  let { level, state } = file.progress;
  while (state !== 'complete') {
    const next = await withDeadline(file.changed(level), `a change beyond level ${level}`);
    expect(next.level).toBeGreaterThan(level);
    ({ level, state } = next);
  }
  expect((await file.changed(0)).state).toBe('complete');
});

test('T3: a signal ends one wait and nobody else’s', async () => {
  await using dir = await tempDir();
  const content = new Prng(6n).bytes(mebi);
  const middle = new SyncPoint('the middle');
  const beforePiece = (offset: number) => (offset >= mebi / 2 ? middle.pass('the source') : undefined);
  await using file = await stage(new ScriptedSource(content, { beforePiece, isRanged: false }), { dir: dir.path });
  const given = new AbortController();
  const ended = file.readAt(Buffer.alloc(10), mebi - 10, given.signal);
  const other = readBytes(file, mebi - 10, 10, 'the other reader');
  await middle.awaitArrivals(1);
  given.abort();
  await expect(withDeadline(ended, 'the read with the signal')).rejects.toMatchObject({ code: 'ECANCELED' });
  const aborted = file.readAt(Buffer.alloc(10), mebi - 10, given.signal);
  await expect(withDeadline(aborted, 'the read with an aborted signal')).rejects.toMatchObject({ code: 'ECANCELED' });
  const timeout = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  await expect(file.readAt(Buffer.alloc(10), mebi - 10, timeout)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  middle.open();
  expectBytes(await other, Buffer.from(content.slice(-10)));
});

test('lesson_32: only silence ends a fetch, not its duration, and a reader hears of it', async () => {
  await using dir = await tempDir();
  const clock = new ManualClock();
  const point = new SyncPoint('each piece');
  const beforePiece = () => point.pass('the source');
  const source = new ScriptedSource(new Uint8Array(4 * 64 * kibi), { beforePiece, isRanged: false });
  await using manager = await StagingManager.open({ dir: dir.path, clock, stallMs: 1000, attemptsMax: 1 });
  const file = await manager.stage(source);
  for (let piece = 1; piece <= 3; piece++) {
    await point.awaitArrivals(piece);
    await clock.advanceAndSettle(900);
    point.release();
    await readBytes(file, (piece - 1) * 64 * kibi, 64 * kibi, `piece ${piece}`);
  }
  await point.awaitArrivals(4);
  const waiting = expect(readBytes(file, 3 * 64 * kibi, 1)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await clock.advanceAndSettle(2000);
  await waiting;
});
