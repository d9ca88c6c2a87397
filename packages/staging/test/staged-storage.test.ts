import { readdir } from 'node:fs/promises';
import { MemoryStorage, memoryCapabilities, type Storage, type StorageFile, withFaults } from '@libconveyor/storage';
import { storageContract } from '@libconveyor/storage/testing';
import { Prng, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager, withStaging } from '../src/index.ts';

storageContract(
  'a staged storage',
  async () => {
    const dir = await tempDir();
    const manager = await StagingManager.open({ dir: dir.path });
    const dispose = async (): Promise<void> => {
      await manager.close();
      await dir.remove();
    };
    return { storage: withStaging(new MemoryStorage(), manager), dispose };
  },
  { capabilities: memoryCapabilities },
);

const content = new Prng(12n).bytes(3_000_000);

async function write(storage: Storage, bytes: Uint8Array): Promise<void> {
  await using file = await storage.open('/a', 'w');
  await file.write(bytes, 0);
}

async function readAll(file: StorageFile): Promise<Buffer> {
  const buffer = Buffer.alloc((await file.size()) + 10);
  return buffer.subarray(0, await withDeadline(file.read(buffer, 0), 'all of the file'));
}

test('T6: openings for reading share a temporary file per version; a new version is a new file', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path });
  await using storage = withStaging(new MemoryStorage(), manager);
  await write(storage, content);
  expect(manager.statistics.open).toBe(0);
  await using first = await storage.open('/a', 'r');
  await using second = await storage.open('/a', 'r');
  expect(Buffer.compare(await readAll(first), content)).toBe(0);
  expect(Buffer.compare(await readAll(second), content)).toBe(0);
  expect(manager.statistics).toMatchObject({ open: 1, files: 1 });
  await write(storage, content.subarray(0, 1000));
  await using third = await storage.open('/a', 'r');
  expect(Buffer.compare(await readAll(third), content.subarray(0, 1000))).toBe(0);
  expect(Buffer.compare(await readAll(first), content)).toBe(0);
  expect(await first.size()).toBe(content.byteLength);
  await expect(storage.open('/a', 'r', { ifVersion: 'another' })).rejects.toMatchObject({ code: 'ESTALE' });
});

test('T6: short files are not staged where that is asked for, nor what is open for writing', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path });
  await using storage = withStaging(new MemoryStorage(), manager, { minBytes: content.byteLength + 1 });
  await write(storage, content);
  await using short = await storage.open('/a', 'r');
  await using writable = await storage.open('/a', 'r+');
  expect(Buffer.compare(await readAll(short), content)).toBe(0);
  expect(Buffer.compare(await readAll(writable), content)).toBe(0);
  expect(manager.statistics).toMatchObject({ open: 0, files: 0 });
  expect(() => withStaging(storage, manager, { minBytes: -1 })).toThrow(RangeError);
  expect(() => withStaging(storage, manager, { min: 1 } as never)).toThrow(TypeError);
});

test('T4: closing a file, and closing the storage, ends reads that wait for the source', async () => {
  await using dir = await tempDir();
  const manager = await StagingManager.open({ dir: dir.path, closeTimeoutMs: 1 });
  const inner = withFaults(new MemoryStorage(), [{ operation: 'read', fault: { kind: 'stall' } }]);
  const storage = withStaging(inner, manager);
  await write(storage, content);
  const [one, other] = [await storage.open('/a', 'r'), await storage.open('/a', 'r')];
  const reads = [one, other].map((file) => file.read(Buffer.alloc(10), 0).catch((thrown: unknown) => thrown));
  await withDeadline(one.close(), 'the close of a file');
  expect(await withDeadline(reads[0] as Promise<unknown>, 'its read')).toMatchObject({ code: 'EBADF' });
  await inner.faults.awaitStalled();
  const closing = storage.close();
  expect(await withDeadline(reads[1] as Promise<unknown>, 'the other read')).toMatchObject({ code: 'EBADF' });
  inner.faults.release();
  await withDeadline(closing, 'the close of the storage');
  await manager.close();
  expect((await readdir(dir.path)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test('lesson_32: a read after one that failed tries again', async () => {
  await using dir = await tempDir();
  await using manager = await StagingManager.open({ dir: dir.path, attemptsMax: 1 });
  const fault = { kind: 'error', code: 'ECONNRESET' } as const;
  const inner = withFaults(new MemoryStorage(), [{ operation: 'read', times: 4, fault }]);
  await using storage = withStaging(inner, manager);
  await write(storage, content);
  await using file = await storage.open('/a', 'r');
  const first = withDeadline(file.read(Buffer.alloc(10), 0), 'the first read');
  await expect(first).rejects.toMatchObject({ code: 'ECONNRESET' });
  const buffer = Buffer.alloc(10);
  while ((await file.read(buffer, 0).catch(() => -1)) < 0);
  expect(buffer).toEqual(Buffer.from(content.subarray(0, 10)));
});
