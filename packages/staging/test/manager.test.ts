import { readdir } from 'node:fs/promises';
import { Prng, SyncPoint, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, streamSource } from '../src/index.ts';
import { diskFull, ScriptedDisk } from './scripted-disk.ts';
import { expectBytes, never, readBytes, ScriptedSource } from './scripted-source.ts';

const kibi = 1024;
const mebi = 1024 ** 2;
const content = new Prng(6n).bytes(mebi);
const part = (begin: number, end: number): Buffer => Buffer.from(content.subarray(begin, end));

test('T6: 40 parallel openers of one source share one fetch, and what they leave is kept', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const source = new ScriptedSource(content, { key: 'one' });
  const files = await Promise.all(Array.from({ length: 40 }, () => manager.stage(source)));
  const bytes = await Promise.all(files.map((file, index) => readBytes(file, index * 1000, 1000)));
  expect(Buffer.concat(bytes)).toEqual(part(0, 40_000));
  await Promise.all(files.map((file) => file.whenComplete()));
  expect(manager.statistics).toMatchObject({ open: 1, idle: 0, files: 1, bytes: mebi });
  await Promise.all(files.map((file) => file.close()));
  expect(manager.statistics).toMatchObject({ open: 0, idle: 1, files: 1, bytes: mebi });
  const again = await manager.stage(new ScriptedSource(content, { key: 'one', beforeAnswer: never }));
  expectBytes(await readBytes(again, 5, 5), part(5, 10));
  expect({ requests: source.requests.length, files: disk.opened }).toEqual({ requests: 1, files: 1 });
});

test('T6: sources without a key, and those of another size, have stores of their own', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const first = await manager.stage(new ScriptedSource(content, { key: 'a' }));
  await withDeadline(first.whenComplete(), 'completion');
  const longer = await manager.stage(new ScriptedSource(content.slice(0, 1000), { key: 'a' }), { size: 1000 });
  expectBytes(await readBytes(longer, 0, 2000), part(0, 1000));
  expectBytes(await readBytes(first, 0, 2000), part(0, 2000));
  for (let i = 0; i < 2; i++) await readBytes(await manager.stage(new ScriptedSource(content)), 0, 10);
  expect(disk.opened).toBe(4);
});

test('T6: idle stores are thrown out for others, least recently used ones first, and open ones never', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: 3 * mebi });
  const sources = ['a', 'b', 'c', 'd'].map((key) => new ScriptedSource(content, { key, name: key }));
  const [a, b, c, d] = sources as [ScriptedSource, ScriptedSource, ScriptedSource, ScriptedSource];
  const use = async (source: ScriptedSource): Promise<void> => {
    const file = await manager.stage(source);
    await withDeadline(file.whenComplete(), `completion of ${source.name}`);
    await file.close();
  };
  const opened = await manager.stage(a);
  await withDeadline(opened.whenComplete(), 'completion of a');
  await use(b);
  await use(c);
  await use(b); // c is the oldest now
  expect(manager.statistics).toMatchObject({ open: 1, idle: 2, bytes: 3 * mebi, evictions: 0 });
  await use(d);
  expect(manager.statistics).toMatchObject({ open: 1, idle: 2, bytes: 3 * mebi, evictions: 1 });
  await use(b);
  expect(b.requests).toHaveLength(1);
  await use(c);
  expect(c.requests).toHaveLength(2);
  expectBytes(await readBytes(opened, 0, mebi), part(0, mebi));
  expect(await readdir(manager.path)).toHaveLength(3);
});

test('lesson_30: a store that is open and downloading is not evicted, and its bytes are right', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: mebi });
  const middle = new SyncPoint('the middle');
  const beforePiece = (offset: number) => (offset >= mebi / 2 ? middle.pass('the first source') : undefined);
  const first = await manager.stage(new ScriptedSource(content, { key: 'a', beforePiece, isRanged: false }));
  await readBytes(first, 0, mebi / 2);
  const second = await manager.stage(new ScriptedSource(content, { key: 'b' }));
  expectBytes(await readBytes(second, 7, 10), part(7, 17));
  expect(second.state).toBe('unstaged');
  const behind = readBytes(first, mebi - 10, 10);
  middle.open();
  expectBytes(await behind, part(mebi - 10, mebi));
  expect(manager.statistics).toMatchObject({ evictions: 0, bytes: mebi });
  // Room appears: staging goes on by itself.
  await first.close();
  await withDeadline(second.whenComplete(), 'completion of the second');
  expectBytes(await readBytes(second, 0, mebi), part(0, mebi));
  expect(manager.statistics).toMatchObject({ evictions: 1, bytes: mebi });
});

test('lesson_30: 40 parallel opens keep to a limit of 10 and to the budget, and all read what is there', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  const options = { dir: dir.path, storesMax: 10, budget: 12 * mebi };
  await using manager = await StagingManager.open(options, disk);
  const contents = Array.from({ length: 40 }, (_, index) => new Prng(BigInt(index)).bytes(mebi));
  const use = async (bytes: Uint8Array, index: number): Promise<void> => {
    const file = await manager.stage(new ScriptedSource(bytes, { key: `${index}` }));
    const random = new Prng(BigInt(1000 + index));
    for (let round = 0; round < 20; round++) {
      const offset = random.below(mebi);
      const got = await readBytes(file, offset, 10 * kibi, `round ${round} of opener ${index}`);
      expect(Buffer.compare(got, bytes.subarray(offset, offset + 10 * kibi))).toBe(0);
      expect(manager.statistics.bytes).toBeLessThanOrEqual(12 * mebi);
    }
    await file.close();
  };
  await Promise.all(contents.map(use));
  expect(disk.filesMax).toBeLessThanOrEqual(10);
  expect(disk.usedAfterClose).toBe(0);
  expect(manager.statistics.open).toBe(0);
});

test('T6: a source without ranges waits for room, holding none', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: mebi });
  const first = await manager.stage(new ScriptedSource(content, { isRanged: false }));
  await withDeadline(first.whenComplete(), 'completion of the first');
  const waiting = await Promise.all(
    [1, 2].map((index) => manager.stage(new ScriptedSource(content, { isRanged: false, name: `waiting ${index}` }))),
  );
  const given = new AbortController();
  const reads = waiting.map((file) => readBytes(file, 0, mebi, 'a reader who waits for room'));
  const ended = waiting[0]?.readAt(Buffer.alloc(10), 0, given.signal);
  given.abort();
  await expect(ended).rejects.toMatchObject({ code: 'ECANCELED' });
  await first.close();
  const done = await Promise.race(reads.map((read, index) => read.then(() => index)));
  await waiting[done]?.close();
  expect((await Promise.all(reads)).every((bytes) => bytes.equals(part(0, mebi)))).toBe(true);
});

test('T6: what can never fit is ENOSPC without ranges, and read directly with them', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: mebi - 1 });
  const without = await manager.stage(new ScriptedSource(content, { isRanged: false }));
  await expect(readBytes(without, 0, 10)).rejects.toMatchObject({ code: 'ENOSPC', kind: 'no-space' });
  const unknown = await manager.stage(new ScriptedSource(content, { isRanged: false, size: 'unknown' }));
  await expect(readBytes(unknown, 0, 10)).rejects.toMatchObject({ code: 'ENOSPC' });
  const ranged = await manager.stage(new ScriptedSource(content));
  expectBytes(await readBytes(ranged, 0, mebi), part(0, mebi));
  expectBytes(await readBytes(ranged, mebi - 3, 100), part(mebi - 3, mebi));
  expect(manager.statistics).toMatchObject({ bytes: 0, files: 0 });
});

test('T6: a full disk: idle stores go first, then reads ask the source; what had arrived is used', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const idle = await manager.stage(new ScriptedSource(content, { key: 'idle' }));
  await withDeadline(idle.whenComplete(), 'completion of what is idle then');
  await idle.close();
  let isFull = true;
  disk.script = { beforeWrite: (offset) => (isFull && offset >= mebi / 2 ? Promise.reject(diskFull()) : undefined) };
  const source = new ScriptedSource(content, { key: 'a' });
  const file = await manager.stage(source);
  expectBytes(await readBytes(file, 0, mebi), part(0, mebi));
  expect(file.progress).toMatchObject({ state: 'unstaged', bytes: mebi / 2 });
  expect(manager.statistics).toMatchObject({ idle: 0, evictions: 1, bytes: mebi / 2, files: 1 });
  expect(source.requests.at(-1)).toMatchObject({ begin: mebi / 2 });
  // Another store lets go of room, and the disk has some.
  const other = await manager.stage(new ScriptedSource(content.slice(0, kibi), { name: 'other' }));
  await withDeadline(other.whenComplete(), 'completion of the other');
  isFull = false;
  await other.close();
  await withDeadline(file.whenComplete(), 'completion');
  expectBytes(await readBytes(file, 0, mebi), part(0, mebi));
});

test('T6: a full disk fails a source without ranges, which can be tried again', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk({ beforeWrite: (offset) => (offset > 0 ? Promise.reject(diskFull()) : undefined) });
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < mebi; offset += 4 * kibi) yield content.slice(offset, offset + 4 * kibi);
  };
  const file = await manager.stage(streamSource(open));
  await expect(readBytes(file, 100 * kibi, 10)).rejects.toMatchObject({ code: 'ENOSPC' });
  disk.script = {};
  file.retry();
  expectBytes(await readBytes(file, 0, mebi), part(0, mebi));
});

test('T6: direct reads end with close and with a signal, also of a source that does not listen', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: 0 });
  const beforePiece = (offset: number) => (offset > 0 ? never() : undefined);
  const file = await manager.stage(new ScriptedSource(content, { beforePiece, listens: false }));
  expectBytes(await readBytes(file, 0, 10), part(0, 10));
  const given = new AbortController();
  const first = file.readAt(Buffer.alloc(10), 1000, given.signal);
  const second = file.readAt(Buffer.alloc(10), 2000);
  given.abort();
  await expect(withDeadline(first, 'the read with the signal')).rejects.toMatchObject({ code: 'ECANCELED' });
  const closing = file.close();
  await expect(withDeadline(second, 'the read that waits')).rejects.toMatchObject({ code: 'EBADF' });
  await withDeadline(closing, 'the close');
});

test('T6: a direct read takes its own bytes from a source that answers with all of them', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, budget: 0 });
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < mebi; offset += 7000) yield content.slice(offset, offset + 7000);
  };
  const open = async () => ({ begin: 0, end: mebi, size: mebi, isRanged: true, body: body() });
  const file = await manager.stage({ name: 'forgetful', open });
  expectBytes(await readBytes(file, 100_001, 50_000), part(100_001, 150_001));
  expectBytes(await readBytes(file, mebi - 5, 50_000), part(mebi - 5, mebi));
  expect(file.state).toBe('unstaged');
});

test('T6: nobody has it open: the fetch pauses, keeps what it has, and goes on for the next opener', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path });
  const middle = new SyncPoint('the middle');
  const beforePiece = (offset: number, { index }: { index: number }) =>
    index === 0 && offset >= mebi / 2 ? middle.pass('the source') : undefined;
  const source = new ScriptedSource(content, { key: 'a', beforePiece });
  const first = await manager.stage(source);
  await middle.awaitArrivals(1);
  await readBytes(first, 0, mebi / 2);
  await withDeadline(first.close(), 'the close');
  expect(source.requests[0]?.signal.aborted).toBe(true);
  expect(manager.statistics).toMatchObject({ open: 0, idle: 1 });
  const second = await manager.stage(source);
  expectBytes(await readBytes(second, 0, mebi), part(0, mebi));
  expect(source.requests.map(({ begin }) => begin)).toEqual([0, mebi / 2]);
  middle.open();
});

test('T6: a manager that is closed refuses, ends its files, and leaves nothing', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  const manager = await StagingManager.open({ dir: dir.path }, disk);
  const files = await Promise.all(['a', 'b', 'c'].map((key) => manager.stage(new ScriptedSource(content, { key }))));
  const reads = files.map((file) => file.readAt(Buffer.alloc(10), 0).catch((thrown: unknown) => thrown));
  const closing = manager.close();
  expect(manager.close()).toBe(closing);
  await expect(manager.stage(new ScriptedSource(content))).rejects.toMatchObject({ code: 'EBADF' });
  await withDeadline(Promise.all([closing, ...reads]), 'the close and the reads');
  await expect(readBytes(files[0] as never, 0, 1)).rejects.toMatchObject({ code: 'EBADF' });
  await Promise.all(files.map((file) => file.close()));
  expect(disk.opened).toBe(disk.closed);
  expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test('T8: who is inside, with number and range, can be read from the log, which is bounded', async () => {
  await using dir = await tempDir();
  const seen: string[] = [];
  const onEvent = ({ id, phase, operation }: { id: number; phase: string; operation: string }): void => {
    seen.push(`${phase} ${operation} ${id}`);
    throw new Error('an observer that fails disturbs nobody');
  };
  await using manager = await StagingManager.open({ dir: dir.path, onEvent });
  const file = await manager.stage(new ScriptedSource(content, { name: 'stuck', beforePiece: never }));
  const reading = file.readAt(Buffer.alloc(10), 500);
  expect(manager.log.describe()).toMatch(/^#1 fetch 'stuck' from byte 0 on, for \d+ ms\n#2 read 'stuck' bytes 500-509/);
  expect(seen.slice(0, 2)).toEqual(['enter fetch 1', 'enter read 2']);
  await Promise.all([file.close(), expect(reading).rejects.toMatchObject({ code: 'EBADF' })]);
  expect(manager.log.describe()).toBe('nobody is inside');
  const quick = await manager.stage(new ScriptedSource(content));
  for (let round = 0; round < 1000; round++) await quick.readAt(Buffer.alloc(1), round);
  const events = manager.log.events();
  expect(events).toHaveLength(1024);
  expect(events.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 1024 }, (_, index) => (events[0]?.sequence ?? 0) + index),
  );
});
