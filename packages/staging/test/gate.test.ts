import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncPoint, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { Gate } from '../src/gate.ts';
import { TempFile } from '../src/temp-file.ts';
import { ScriptedDisk } from './scripted-disk.ts';

test('T4: a gate that is closed lets nobody in, and is drained when the last one has left', async () => {
  const gate = new Gate();
  expect([gate.enter(), gate.enter(), gate.inside]).toEqual([true, true, 2]);
  const drained = gate.close();
  expect(gate.close()).toBe(drained);
  expect([gate.enter(), gate.inside, gate.isOpen]).toEqual([false, 2, false]);
  gate.leave();
  let isDrained = false;
  void drained.then(() => {
    isDrained = true;
  });
  await Promise.resolve();
  expect(isDrained).toBe(false);
  gate.leave();
  await withDeadline(drained, 'the last one to leave');
  await withDeadline(new Gate().close(), 'a gate where nobody is');
});

test('T4: a temporary file that is being closed is not touched again, and closes once', async () => {
  await using dir = await tempDir();
  const inside = new SyncPoint('a write');
  const disk = new ScriptedDisk({ beforeWrite: () => inside.pass('the writer') });
  const file = await TempFile.create(disk, join(dir.path, '1.tmp'));
  const writing = file.write(Buffer.from('abc'), 0);
  await inside.awaitArrivals(1);
  const closing = file.close();
  expect(file.close()).toBe(closing);
  await expect(file.read(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'EBADF' });
  await expect(file.write(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'EBADF' });
  expect(disk.closed).toBe(0);
  inside.open();
  await withDeadline(Promise.all([writing, closing]), 'the write and the close');
  expect(disk).toMatchObject({ opened: 1, closed: 1, usedAfterClose: 0 });
  expect(await readdir(dir.path)).toEqual([]);
});

test('T4: bytes that a temporary file has lost are an error and no short read', async () => {
  await using dir = await tempDir();
  const file = await TempFile.create(new ScriptedDisk(), join(dir.path, '1.tmp'));
  await file.write(Buffer.from('abc'), 0);
  await expect(file.read(Buffer.alloc(10), 0)).rejects.toMatchObject({ code: 'EIO' });
  await file.close();
  await expect(TempFile.create(new ScriptedDisk(), join(dir.path, 'none', '1.tmp'))).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
