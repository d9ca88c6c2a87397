import { open, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { isConveyorError } from '@libconveyor/errors';
import { MemoryStorage, type Storage, withFaults } from '@libconveyor/storage';
import { describe, expect, test } from 'vitest';
import { noMounts, orWhyNot, StorageMount } from './mounting.ts';
import { run, shell } from './programs.ts';

const kinds: readonly (readonly [string, () => Promise<StorageMount>])[] = [
  ['memory', () => StorageMount.over(new MemoryStorage())],
  ['a bucket', () => StorageMount.ofBucket()],
];

/** What the storage itself has, beside the mount. */
async function stored(storage: Storage, path: string): Promise<string> {
  await using file = await storage.open(path, 'r');
  const buffer = Buffer.alloc(await file.size());
  await file.read(buffer, 0);
  return buffer.toString();
}

const codeOf = (thrown: unknown): unknown => (isConveyorError(thrown) ? thrown.code : thrown);

describe.skipIf(noMounts !== undefined).each(kinds)(`%s, mounted${orWhyNot}`, (_, make) => {
  test('M8: names and bytes', async () => {
    await using tree = await make();
    const { status, output } = await shell(
      `mkdir -p a/b; echo one > a/b/f; echo two >> a/b/f; [ "$(cat a/b/f)" = "$(printf 'one\\ntwo')" ]
       mv a/b/f a/g; [ "$(ls a)" = "$(printf 'b\\ng')" ]; rmdir a/b; ! rmdir a 2>/dev/null; rm a/g; rmdir a
       seq 100000 > n; truncate -s 100 n; [ "$(stat -c %s n)" = 100 ]; cmp <(seq 100000 | head -c 100) n
       printf x | dd of=n bs=1 seek=50 conv=notrunc status=none; [ "$(stat -c %s n)" = 100 ]
       cp n m; cmp n m; ! ls none 2>/dev/null; [ "$(ls | wc -l)" = 2 ]`,
      { cwd: tree.at },
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });

  test('M8: what one process writes the next one reads, before it is stored', async () => {
    await using tree = await make();
    await using writer = await open(tree.path('f'), 'w');
    await writer.write('accepted');
    expect(await readFile(tree.path('f'), 'utf8')).toBe('accepted');
    expect((await stat(tree.path('f'))).size).toBe(8);
    expect(await readdir(tree.at)).toEqual(['f']);
    await using reader = await open(tree.path('f'));
    await writer.write('ACC', 0);
    expect((await reader.read(Buffer.alloc(8), 0, 8, 0)).buffer.toString()).toBe('ACCepted');
  });

  test('M8: when close or fsync has returned, it is stored', async () => {
    await using tree = await make();
    await writeFile(tree.path('closed'), 'closed');
    expect(await stored(tree.storage, '/closed')).toBe('closed');
    await using file = await open(tree.path('synced'), 'w');
    await file.write('synced');
    await file.sync();
    expect(await stored(tree.storage, '/synced')).toBe('synced');
  });

  test('M8: modes, owners and times stay as they were set', async () => {
    await using tree = await make();
    await writeFile(tree.path('f'), 'x');
    await utimes(tree.path('f'), 1000, 2000);
    await run('chmod', ['751', tree.path('f')]);
    const { mode, atimeMs, mtimeMs } = await stat(tree.path('f'));
    expect([mode & 0o7777, atimeMs, mtimeMs]).toEqual([0o751, 1_000_000, 2_000_000]);
    await using file = await open(tree.path('f'), 'r+');
    await file.write('y');
    expect((await file.stat()).mtimeMs).toBeGreaterThan(2_000_000);
    await file.utimes(3000, 4000);
    await file.close();
    expect((await stat(tree.path('f'))).mtimeMs).toBe(4_000_000);
  });

  test('M9: removed while it is open', async () => {
    await using tree = await make();
    await writeFile(tree.path('f'), 'content');
    const file = await open(tree.path('f'), 'r+');
    await file.write('C', 0);
    await unlink(tree.path('f'));
    expect(await readdir(tree.at)).toEqual([]);
    expect((await file.read(Buffer.alloc(7), 0, 7, 0)).buffer.toString()).toBe('Content');
    await file.write('more', 7);
    expect((await file.stat()).size).toBe(11);
    await file.close();
    await expect(stored(tree.storage, '/f')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('M9: replaced, and renamed, while it is open', async () => {
    await using tree = await make();
    await writeFile(tree.path('old'), 'old');
    await using old = await open(tree.path('old'));
    await using fresh = await open(tree.path('fresh'), 'w+');
    await fresh.write('fresh');
    await rename(tree.path('fresh'), tree.path('old'));
    expect((await old.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString()).toBe('old');
    await fresh.write('er', 5);
    await fresh.sync();
    expect(await stored(tree.storage, '/old')).toBe('fresher');
    expect(await readFile(tree.path('old'), 'utf8')).toBe('fresher');
    await expect(stored(tree.storage, '/fresh')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('M4: unmounting lands what was accepted', async () => {
    await using tree = await make();
    const file = await open(tree.path('f'), 'w');
    await file.write('accepted');
    const left = await tree.mount.unmount({ timeoutMs: 300 });
    expect(left).toMatchObject({ bytes: 0, isInUse: true });
    await expect(file.write('more')).rejects.toMatchObject({ code: 'EROFS' });
    await file.close();
    await tree.mount.ended;
    expect(await stored(tree.storage, '/f')).toBe('accepted');
  });
});

describe.skipIf(noMounts !== undefined)(`storages that fail, mounted${orWhyNot}`, () => {
  test('M3: a full storage shows in write, fsync or close', async () => {
    await using tree = await StorageMount.over(new MemoryStorage({ capacityBytes: 65_536 }));
    const whole = await run('dd', ['if=/dev/zero', `of=${tree.path('f')}`, 'bs=64k', 'count=16']);
    expect(whole.status).not.toBe(0);
    expect(whole.output).toContain('No space left on device');
    const file = await open(tree.path('g'), 'w');
    await file.write(Buffer.alloc(100_000)).catch(() => undefined);
    expect(await file.sync().catch(codeOfError)).toBe('ENOSPC');
    await file.close().catch(() => undefined);
    await rm(tree.path('f'));
  });

  test('M8: a storage that comes back in time is not noticed', async () => {
    const plan = [{ operation: 'write', times: 3, fault: { kind: 'error', code: 'EAGAIN' } }] as const;
    const memory = new MemoryStorage();
    await using tree = await StorageMount.over(withFaults(memory, plan, 1));
    await writeFile(tree.path('f'), 'at last');
    expect(await stored(memory, '/f')).toBe('at last');
  });
});

function codeOfError(thrown: unknown): unknown {
  return (thrown as { code?: unknown }).code ?? codeOf(thrown);
}
