import { readdir } from 'node:fs/promises';
import { Prng, SyncPoint, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, stage } from '../src/index.ts';
import { ScriptedDisk } from './scripted-disk.ts';
import { expectBytes, readBytes, ScriptedSource } from './scripted-source.ts';

const mebi = 1024 ** 2;

/** Descriptors of this process. */
async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

test('T7: 4 stores with 4 readers each give each reader his own source’s bytes', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, reachBytes: mebi / 4 });
  const contents = Array.from({ length: 4 }, (_, index) => new Prng(BigInt(index + 1)).bytes(4 * mebi));
  const files = await Promise.all(contents.map((bytes) => manager.stage(new ScriptedSource(bytes))));
  const reader = async (store: number, seed: number): Promise<void> => {
    const random = new Prng(BigInt(seed));
    const bytes = contents[store] as Uint8Array;
    for (let round = 0; round < 50; round++) {
      const offset = random.below(4 * mebi);
      const got = await readBytes(files[store] as never, offset, 100_000, `store ${store}, reader ${seed}`);
      expect(Buffer.compare(got, bytes.subarray(offset, offset + 100_000))).toBe(0);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, index) => reader(index % 4, index)));
});

test('T7: closing A while B is opened and read', async () => {
  await using dir = await tempDir();
  const disk = new ScriptedDisk();
  await using manager = await StagingManager.open({ dir: dir.path }, disk);
  const [one, other] = [new Prng(1n).bytes(mebi), new Prng(2n).bytes(mebi)];
  for (let round = 0; round < 50; round++) {
    const inside = new SyncPoint('inside of the disk');
    const a = await manager.stage(new ScriptedSource(one));
    await withDeadline(a.whenComplete(), 'completion of A');
    disk.script = { beforeRead: () => inside.pass('a reader of A') };
    const reading = readBytes(a, 10, 1000, 'the reader of A');
    await inside.awaitArrivals(1);
    disk.script = {};
    const closing = a.close();
    const b = await manager.stage(new ScriptedSource(other));
    const got = readBytes(b, 10, 1000, 'the reader of B');
    inside.open();
    expectBytes(await reading, Buffer.from(one.subarray(10, 1010)));
    expectBytes(await got, Buffer.from(other.subarray(10, 1010)));
    await withDeadline(Promise.all([closing, b.close()]), 'the closes');
  }
  expect(disk.usedAfterClose).toBe(0);
  expect(disk.opened).toBe(disk.closed);
});

test('T7: 10,000 rounds of open, read and close leave no descriptor and no file', async () => {
  await using dir = await tempDir();
  const content = new Prng(3n).bytes(5000);
  {
    await using manager = await StagingManager.open({ dir: dir.path });
    const round = async (index: number): Promise<void> => {
      const offset = index % 4000;
      const file = await manager.stage(new ScriptedSource(content, { pieceBytes: 1000 }));
      const buffer = Buffer.alloc(100);
      if (index % 3 === 0) file.readAt(buffer, offset).catch(() => undefined);
      else {
        await file.readAt(buffer, offset);
        expect(buffer.equals(content.subarray(offset, offset + 100))).toBe(true);
      }
      await file.close();
    };
    await round(0);
    const before = await descriptors();
    const worker = async (first: number): Promise<void> => {
      for (let index = first; index < 10_000; index += 8) await round(index);
    };
    await withDeadline(Promise.all(Array.from({ length: 8 }, (_, index) => worker(index))), '10,000 rounds', 110_000);
    expect(await readdir(manager.path)).toEqual([]);
    expect(await descriptors()).toBe(before);
    expect(manager.statistics).toMatchObject({ open: 0, idle: 0, bytes: 0, files: 0 });
  }
  expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
}, 120_000);

test('T7: single stores share a slot while they overlap, and give it back', async () => {
  await using dir = await tempDir();
  const before = await descriptors();
  const content = new Uint8Array(100);
  for (let round = 0; round < 20; round++) {
    const files = await Promise.all(
      Array.from({ length: 5 }, () => stage(new ScriptedSource(content), { dir: dir.path })),
    );
    expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
    await Promise.all(files.map((file) => readBytes(file, 0, 10)));
    await withDeadline(Promise.all(files.map((file) => file.close())), 'the closes');
  }
  expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  expect(await descriptors()).toBe(before);
});
