import { readdir } from 'node:fs/promises';
import { ManualClock, Prng, SyncPoint, type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, stage } from '../src/index.ts';
import { ScriptedDisk } from './scripted-disk.ts';
import { expectBytes, never, readBytes, type Script, ScriptedSource } from './scripted-source.ts';

const kibi = 1024;
const mebi = 1024 ** 2;

/** Names of temporary files that are left in a directory. */
async function filesIn(dir: TempDir): Promise<string[]> {
  const names = await readdir(dir.path, { recursive: true });
  return names.filter((name) => name.endsWith('.tmp'));
}

test('T4: close lets readers finish who are inside, and frees the descriptor behind them', async () => {
  await using dir = await tempDir();
  const content = new Prng(1n).bytes(mebi);
  const inside = new SyncPoint('inside of the disk');
  const disk = new ScriptedDisk();
  const manager = await StagingManager.open({ dir: dir.path }, disk);
  const file = await manager.stage(new ScriptedSource(content));
  await withDeadline(file.whenComplete(), 'completion');
  disk.script = { beforeRead: () => inside.pass('a reader') };
  const readers = Array.from({ length: 8 }, (_, index) => readBytes(file, index * 1000, 1000, `reader ${index}`));
  await inside.awaitArrivals(8);
  let isClosed = false;
  const closing = manager.close().then(() => {
    isClosed = true;
  });
  await expect(file.readAt(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'EBADF' });
  await new Promise((resolve) => setImmediate(resolve));
  expect({ isClosed, closed: disk.closed }).toEqual({ isClosed: false, closed: 0 });
  inside.open();
  expect(Buffer.compare(Buffer.concat(await Promise.all(readers)), content.subarray(0, 8000))).toBe(0);
  await withDeadline(closing, 'the close');
  expect({ closed: disk.closed, usedAfterClose: disk.usedAfterClose }).toEqual({ closed: 1, usedAfterClose: 0 });
  expect(await filesIn(dir)).toEqual([]);
});

test('T4: close ends readers who wait beyond a source that stalls and does not listen', async () => {
  await using dir = await tempDir();
  const reached = new SyncPoint('the stall');
  const beforePiece = (offset: number) => {
    if (offset < mebi) return undefined;
    void reached.pass('the source').catch(() => undefined);
    return never();
  };
  for (const isRanged of [true, false]) {
    const source = new ScriptedSource(new Uint8Array(8 * mebi), { beforePiece, isRanged, listens: false });
    const file = await stage(source, { dir: dir.path });
    const arrivals = reached.arrivals;
    const readers = [mebi, 2 * mebi, 7 * mebi].map((at) => file.readAt(Buffer.alloc(10), at));
    const outcomes = Promise.allSettled(readers);
    await reached.awaitArrivals(arrivals + 1);
    const closing = file.close();
    expect(file.close()).toBe(closing);
    for (const outcome of await withDeadline(outcomes, 'the readers who waited')) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'EBADF', kind: 'closed' } });
    }
    await withDeadline(closing, 'the close');
    // Every request has been told to stop, although this source does not listen.
    expect(source.requests.every(({ signal }) => signal.aborted)).toBe(true);
    expect(() => file.retry()).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(await filesIn(dir)).toEqual([]);
  }
  reached.open();
});

test('T4: close before the first answer, and before the first byte', async () => {
  await using dir = await tempDir();
  const scripts: Script[] = [
    { beforeAnswer: never, listens: false },
    { beforePiece: never, listens: false },
    { beforePiece: never },
  ];
  for (const script of scripts) {
    const file = await stage(new ScriptedSource(new Uint8Array(mebi), script), { dir: dir.path });
    const reading = file.readAt(Buffer.alloc(10), 0);
    const sized = script.beforeAnswer === undefined ? undefined : file.whenSized();
    const changing = file.changed(1000);
    await Promise.all([
      expect(reading).rejects.toMatchObject({ code: 'EBADF' }),
      expect(changing).rejects.toMatchObject({ code: 'EBADF' }),
      ...(sized === undefined ? [] : [expect(sized).rejects.toMatchObject({ code: 'EBADF' })]),
      withDeadline(file.close(), 'the close'),
    ]);
    expect(file.state).toBe('closed');
    expect(await filesIn(dir)).toEqual([]);
  }
});

test('T4: a source that never closes is left alone after closeTimeoutMs; the disk is free before that', async () => {
  await using dir = await tempDir();
  const clock = new ManualClock();
  const disk = new ScriptedDisk();
  const options = { dir: dir.path, clock, closeTimeoutMs: 3000, stallMs: 0 };
  await using manager = await StagingManager.open(options, disk);
  const beforePiece = (offset: number) => (offset > 0 ? never() : undefined);
  const source = new ScriptedSource(new Uint8Array(mebi), { beforePiece, onClose: never, listens: false });
  const file = await manager.stage(source);
  await readBytes(file, 0, 10);
  let isClosed = false;
  const closing = file.close().then(() => {
    isClosed = true;
  });
  while (source.closes === 0) await new Promise((resolve) => setImmediate(resolve));
  expect({ closed: disk.closed, isClosed }).toEqual({ closed: 1, isClosed: false });
  expect(manager.statistics).toMatchObject({ bytes: 0, files: 0 });
  await clock.advanceAndSettle(3000);
  await withDeadline(closing, 'the close');
  expect(manager.log.events().some(({ detail }) => detail.includes('left alone'))).toBe(true);
});

test('T4: bytes that arrive after close are dropped, and no file is made for them', async () => {
  await using dir = await tempDir();
  const late = new SyncPoint('the late piece');
  const disk = new ScriptedDisk();
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const beforePiece = () => late.pass('the source');
  const file = await manager.stage(new ScriptedSource(new Uint8Array(mebi), { beforePiece, listens: false }));
  await late.awaitArrivals(1);
  await withDeadline(file.close(), 'the close');
  late.open();
  await new Promise((resolve) => setImmediate(resolve));
  expect({ opened: disk.opened, bytes: disk.bytes }).toEqual({ opened: 0, bytes: 0 });
});

test('T4: a descriptor is not closed under a write of the fetch either', async () => {
  await using dir = await tempDir();
  const writing = new SyncPoint('a write');
  const disk = new ScriptedDisk({ beforeWrite: () => writing.pass('the fetch') });
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const file = await manager.stage(new ScriptedSource(new Uint8Array(mebi)));
  await writing.awaitArrivals(1);
  const closing = file.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(disk.closed).toBe(0);
  writing.open();
  await withDeadline(closing, 'the close');
  expect(disk).toMatchObject({ closed: 1, usedAfterClose: 0 });
  expect(await filesIn(dir)).toEqual([]);
});

test('T4: closing one opener ends his reads and nobody else’s', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path });
  const content = new Prng(2n).bytes(128 * kibi);
  const middle = new SyncPoint('the middle');
  const beforePiece = (offset: number) => (offset > 0 ? middle.pass('the source') : undefined);
  const source = new ScriptedSource(content, { beforePiece, key: 'shared', isRanged: false });
  const [one, other] = [await manager.stage(source), await manager.stage(source)];
  const ended = one.readAt(Buffer.alloc(10), 100 * kibi);
  const going = readBytes(other, 100 * kibi, 10, 'the read of the other');
  await Promise.all([
    expect(ended).rejects.toMatchObject({ code: 'EBADF' }),
    withDeadline(one.close(), 'the close of one'),
  ]);
  middle.open();
  expectBytes(await going, Buffer.from(content.subarray(100 * kibi, 100 * kibi + 10)));
  expect(source.requests).toHaveLength(1);
});

test('lesson_33: letting go does not wait for the network', async () => {
  await using dir = await tempDir();
  const clock = new ManualClock(); // nobody moves it: whoever waited for a time-out would wait for ever
  await using manager = await StagingManager.open({ dir: dir.path, clock });
  const script: Script = { beforeAnswer: never, beforePiece: never, listens: false };
  const files = await Promise.all(
    Array.from({ length: 20 }, () => manager.stage(new ScriptedSource(new Uint8Array(mebi), script))),
  );
  await withDeadline(Promise.all(files.map((file) => file.close())), 'twenty closes');
  expect(manager.statistics).toMatchObject({ open: 0, idle: 0 });
});
