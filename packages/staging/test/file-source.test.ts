import { MemoryStorage, type Storage, withFaults } from '@libconveyor/storage';
import { Prng, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { fileSource, StagingManager, stage, storageSource } from '../src/index.ts';
import { expectBytes, readBytes } from './scripted-source.ts';

const mebi = 1024 ** 2;
const content = new Prng(11n).bytes(5 * mebi + 3);

async function storageWith(bytes: Uint8Array): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await write(storage, bytes);
  return storage;
}

async function write(storage: Storage, bytes: Uint8Array): Promise<void> {
  await using file = await storage.open('/a', 'w');
  await file.write(bytes, 0);
}

test('T1: any file of any storage is a source', async () => {
  await using dir = await tempDir();
  await using storage = await storageWith(content);
  await using opened = await storage.open('/a', 'r');
  for (const options of [{}, { pieceBytes: 1000 }, { pieceBytes: 100_000, depth: 1 }]) {
    await using file = await stage(fileSource(opened, options), { dir: dir.path });
    expectBytes(await readBytes(file, 0, 6 * mebi), content);
  }
  expect(await opened.read(Buffer.alloc(10), 0)).toBe(10); // is still the caller's
});

test('T6: files of a storage are shared by version; another version is another store', async () => {
  await using dir = await tempDir();
  await using storage = await storageWith(content);
  await using manager = await StagingManager.open({ dir: dir.path });
  const first = await manager.stage(await storageSource(storage, '/a'));
  const second = await manager.stage(await storageSource(storage, '/a'));
  await withDeadline(Promise.all([first.whenComplete(), second.whenComplete()]), 'completion');
  expect(manager.statistics).toMatchObject({ open: 1 });
  await write(storage, content.subarray(0, 1000));
  const third = await manager.stage(await storageSource(storage, '/a'));
  expectBytes(await readBytes(third, 0, 6 * mebi), content.subarray(0, 1000));
  expectBytes(await readBytes(first, 0, 6 * mebi), content);
  expect(manager.statistics).toMatchObject({ open: 2 });
});

test('T5: a file that changed before it was opened is ESTALE, and one that is missing ENOENT', async () => {
  await using dir = await tempDir();
  await using storage = await storageWith(content);
  const source = await storageSource(storage, '/a');
  await write(storage, content.subarray(1, 1000));
  await using file = await stage(source, { dir: dir.path });
  await expect(readBytes(file, 0, 10)).rejects.toMatchObject({ code: 'ESTALE' });
  await expect(storageSource(storage, '/none')).rejects.toMatchObject({ code: 'ENOENT' });
  await storage.mkdir('/d');
  await expect(storageSource(storage, '/d')).rejects.toMatchObject({ code: 'EISDIR' });
});

test('T5: reads that fail are gone on with where they failed', async () => {
  await using dir = await tempDir();
  const fault = { kind: 'error', code: 'ECONNRESET' } as const;
  await using storage = withFaults(await storageWith(content), [{ operation: 'read', probability: 0.2, fault }], 3);
  await using opened = await storage.open('/a', 'r');
  await using file = await stage(fileSource(opened, { pieceBytes: 100_000 }), {
    dir: dir.path,
    backOffMs: 0,
    attemptsMax: 20,
  });
  expectBytes(await readBytes(file, 0, 6 * mebi), content);
  expect(storage.faults.injected.length).toBeGreaterThan(3);
});

test('T4: a file is opened when it is needed, and closed when it is complete', async () => {
  await using dir = await tempDir();
  await using storage = await storageWith(content);
  const source = await storageSource(storage, '/a');
  await using file = await stage(source, { dir: dir.path });
  expectBytes(await readBytes(file, 0, 6 * mebi), content);
  await withDeadline(file.whenComplete(), 'completion');
  await storage.close(); // nothing of it is needed any more
  expectBytes(await readBytes(file, 10, 10), Buffer.from(content.subarray(10, 20)));
});
