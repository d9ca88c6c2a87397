import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnWorker, withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { FileLock, flockProvider, LockError, LockOwner } from '../src/index.ts';

test('L1: a lock is held until it is given back, by await using too', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    expect(await FileLock.isLocked(path)).toBe(false);
    {
      await using lock = await FileLock.acquire(path);
      expect(lock.mode).toBe('exclusive');
      expect(await FileLock.isLocked(path)).toBe(true);
      expect((await FileLock.holder(path))?.pid).toBe(process.pid);
    }
    expect(await FileLock.isLocked(path)).toBe(false);
    expect(await FileLock.holder(path)).toBeUndefined();
  });
});

test('L1: withLock returns what its body returns, and gives the lock back whatever happens', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    expect(await FileLock.withLock(path, (lock) => lock.lockedResourcePath)).toBe(path);
    const planted = new Error('planted');
    await expect(FileLock.withLock(path, { mode: 'shared' }, () => Promise.reject(planted))).rejects.toBe(planted);
    expect(await FileLock.isLocked(path)).toBe(false);
  });
});

test('L2: lockedResourcePath is the absolute path of what is protected, while it is', async () => {
  await withTempDir(async (folder) => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'linked'));
    const lock = await FileLock.acquire(join(folder, 'linked', '..', 'linked', 'counter.txt'));
    expect(lock.lockedResourcePath).toBe(join(folder, 'real', 'counter.txt'));
    expect(existsSync(join(folder, 'real', 'counter.txt.lock'))).toBe(true);
    expect(existsSync(join(folder, 'real', 'counter.txt'))).toBe(false);
    await lock.release();
    expect(lock.lockedResourcePath).toBeUndefined();
    await lock.release();
    expect(await FileLock.sidecar(join(folder, 'linked'))).toBe(join(folder, 'real.dir.lock'));
  });
});

test('lesson_34: giving back does not remove the sidecar; one that was removed meanwhile is told', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const lock = await FileLock.acquire(path);
    rmSync(`${path}.lock`);
    await expect(lock.release()).rejects.toMatchObject({ code: 'ESTALE', kind: 'changed', origin: 'file-lock' });
    const broken = FileLock.withLock(path, () => rmSync(`${path}.lock`));
    await expect(broken).rejects.toMatchObject({ code: 'ESTALE' });
    await (await FileLock.acquire(path)).release();
    expect(existsSync(`${path}.lock`)).toBe(true);
  });
});

test('L4: what a body asks for again is EDEADLK, or counted with reentrant', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await FileLock.withLock(path, async () => {
      await expect(FileLock.acquire(path)).rejects.toMatchObject({ code: 'EDEADLK' });
      await expect(FileLock.withLock(path, () => 1)).rejects.toMatchObject({ code: 'EDEADLK' });
      await expect(FileLock.tryAcquire(path, { mode: 'shared' })).rejects.toMatchObject({ code: 'EDEADLK' });
      expect(await FileLock.withLock(path, { reentrant: true }, (lock) => lock.lockedResourcePath)).toBe(path);
      expect(await FileLock.isLocked(path)).toBe(true);
      // Deeper in, too: the owner is all that encloses the call.
      await FileLock.withLock(`${path}-2`, async () => {
        await expect(FileLock.acquire(path)).rejects.toMatchObject({ code: 'EDEADLK' });
      });
    });
    expect(await FileLock.isLocked(path)).toBe(false);
  });
});

test('L4: two tasks of one body are two owners', async () => {
  await withTempDir(async (folder) => {
    let inside = 0;
    let most = 0;
    const task = () =>
      FileLock.withLock(join(folder, 'inner'), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    await FileLock.withLock(join(folder, 'outer'), () => Promise.all([task(), task(), task()]));
    expect(most).toBe(1);
  });
});

test('L4: an owner that is named holds several locks', async () => {
  await withTempDir(async (folder) => {
    const owner = new LockOwner();
    await using lock = await FileLock.acquire(join(folder, 'file'), { owner });
    await expect(FileLock.acquire(join(folder, 'file'), { owner })).rejects.toMatchObject({ code: 'EDEADLK' });
    const other = new LockOwner();
    await expect(FileLock.tryAcquire(join(folder, 'file'), { owner: other })).rejects.toMatchObject({ code: 'EAGAIN' });
    expect(lock.lockedResourcePath).toBe(join(folder, 'file'));
  });
});

test('L4: owners in one process are served in order, and woken at once', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const order: number[] = [];
    const first = await FileLock.acquire(path);
    // With pauses of a minute nobody but the release can wake them within this test.
    const poll = { minMs: 60_000, maxMs: 60_000 };
    const waiting = [1, 2, 3, 4].map(async (number) => {
      const lock = await FileLock.acquire(path, { poll, mode: number >= 3 ? 'shared' : 'exclusive' });
      order.push(number);
      await lock.release();
    });
    await first.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3, 4]);
  });
});

test.each(['stay', 'throw', 'exit'] as const)(
  'L4: worker threads exclude each other; one that ends by %s frees its lock',
  async (end) => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      const worker = spawnWorker(new URL('./locker.worker.ts', import.meta.url), { data: { path, end } });
      expect(await worker.message(30_000)).toBe('held');
      await expect(FileLock.tryAcquire(path)).rejects.toMatchObject({ code: 'EAGAIN', holder: { pid: process.pid } });
      const taking = FileLock.acquire(path);
      worker.post('go');
      if (end === 'stay') await worker.stop();
      else await worker.finished().catch(() => undefined);
      await (await taking).release();
    });
  },
);

test('L5: tryAcquire and timeout name the holder; nothing is held afterwards', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const lock = await FileLock.acquire(path);
    const refused = await FileLock.tryAcquire(path).catch((thrown: LockError) => thrown);
    expect(refused).toBeInstanceOf(LockError);
    expect(refused).toMatchObject({ code: 'EAGAIN', kind: 'busy', holder: { pid: process.pid } });
    await expect(FileLock.acquire(path, { timeout: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await lock.release();
    await (await FileLock.tryAcquire(path)).release();
  });
});

test('L5: a signal ends the wait with an AbortError', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using _lock = await FileLock.acquire(path);
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = FileLock.acquire(path, { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ECANCELED', cause: reason });
    await expect(FileLock.acquire(path, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    const timed = FileLock.acquire(path, { signal: AbortSignal.timeout(1) });
    await expect(timed).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });
});

test('lesson_37: many waits leave the thread pool alone', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    writeFileSync(join(folder, 'unrelated'), 'bytes');
    const lock = await FileLock.acquire(path);
    const waiting = Array.from({ length: 64 }, () => FileLock.acquire(path, { mode: 'shared' }));
    // Four blocking calls would occupy the pool for as long as the lock is held, which is until this read has ended.
    expect(await readFile(join(folder, 'unrelated'), 'utf8')).toBe('bytes');
    await lock.release();
    for (const shared of await Promise.all(waiting)) await shared.release();
  });
});

test('lesson_36: a lock does not live by a timer: an event loop that stands still keeps it', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const lock = await FileLock.acquire(path);
    const worker = spawnWorker(new URL('./asker.worker.ts', import.meta.url), { data: { path } });
    await worker.message(30_000);
    // This thread stands until the other one has asked a hundred times.
    const answers = new Int32Array(new SharedArrayBuffer(8));
    worker.post(answers.buffer);
    Atomics.wait(answers, 0, 0, 30_000);
    expect(Atomics.load(answers, 0)).toBe(1);
    expect(Atomics.load(answers, 1)).toBe(0);
    await lock.release();
    await worker.stop();
  });
});

test('L7: byte ranges are there when asked for', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using _lock = await FileLock.acquire(path, { primitive: 'byte-range' });
    expect(await FileLock.isLocked(path, { primitive: 'byte-range' })).toBe(true);
    await expect(FileLock.tryAcquire(path, { primitive: 'byte-range' })).rejects.toMatchObject({ code: 'EAGAIN' });
  });
});

test('L1: what makes no sense is refused by name', async () => {
  const path = '/nowhere/file';
  const bad: [unknown, RegExp][] = [
    [{ mode: 'both' }, /options\.mode/],
    [{ timeout: -1 }, /options\.timeout/],
    [{ timeout: Number.NaN }, /options\.timeout/],
    [{ signal: {} }, /options\.signal/],
    [{ poll: { minMs: 0 } }, /options\.poll\.minMs/],
    [{ poll: { minMs: 5, maxMs: 4 } }, /options\.poll\.maxMs/],
    [{ owner: {} }, /options\.owner/],
    [{ timeOut: 5 }, /did you mean 'timeout'/],
  ];
  for (const [options, message] of bad) {
    await expect(FileLock.acquire(path, options as never)).rejects.toThrow(message);
  }
  await expect(FileLock.tryAcquire(path, { timeout: 5 } as never)).rejects.toThrow(/timeout/);
  await expect(FileLock.acquire(5 as never)).rejects.toThrow(/path/);
  await expect(FileLock.acquire('a\0b')).rejects.toMatchObject({ code: 'EINVAL' });
  await expect(FileLock.acquire(path)).rejects.toMatchObject({ code: 'ENOENT', path });
  await expect(FileLock.acquire(`/tmp/${'n'.repeat(253)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
});

test('L9: the flock provider is one of the interface', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const lock = await flockProvider.acquire(path, { timeout: 1000 });
    expect(lock.fencingToken).toBeUndefined();
    expect(await flockProvider.isLocked(path)).toBe(true);
    expect((await flockProvider.holder(path))?.pid).toBe(process.pid);
    await expect(flockProvider.tryAcquire(path)).rejects.toMatchObject({ code: 'EAGAIN' });
    await lock.release();
  });
});
