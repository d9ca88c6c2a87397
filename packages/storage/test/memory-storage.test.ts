import { constants } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryStorage } from '../src/index.ts';

const kib64 = 64 * 1024;

describe('MemoryStorage', () => {
  test('a write past the capacity is ENOSPC and writes nothing', async () => {
    const storage = new MemoryStorage({ capacityBytes: 2 * kib64 });
    const file = await storage.open('file', 'w+');
    await file.write(new Uint8Array(kib64).fill(1), 0);
    await expect(file.write(new Uint8Array(2 * kib64), kib64)).rejects.toMatchObject({
      code: 'ENOSPC',
      operation: 'write',
      path: 'file',
      offset: kib64,
    });
    expect(await file.size()).toBe(kib64);
    await file.write(new Uint8Array(kib64), kib64);
    await expect(storage.copy('file', 'copy')).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(storage.stat('copy')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('memory is given back when the last name and the last opening are gone', async () => {
    const storage = new MemoryStorage();
    const file = await storage.open('file', 'w+');
    await file.write(new Uint8Array(3 * kib64), 0);
    await storage.remove('file');
    expect(storage.bytesUsed).toBe(3 * kib64);
    await file.truncate(kib64);
    expect(storage.bytesUsed).toBe(kib64);
    await file.close();
    expect(storage.bytesUsed).toBe(0);
    for (const end of ['commit', 'abort'] as const) {
      const replacement = await storage.openReplacement('other');
      await replacement.write(new Uint8Array(kib64), 0);
      await replacement[end]();
      expect(storage.bytesUsed).toBe(kib64);
    }
    await (await storage.open('other', 'w')).close();
    expect(storage.bytesUsed).toBe(0);
  });

  test('a hole takes no memory', async () => {
    const storage = new MemoryStorage();
    const file = await storage.open('file', 'w+');
    await file.write(Uint8Array.of(7), 2 ** 45);
    expect(storage.bytesUsed).toBe(kib64);
    const buffer = new Uint8Array(10).fill(1);
    expect(await file.read(buffer, 2 ** 45 - 9)).toBe(10);
    expect([...buffer]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    await file.truncate(2 ** 50);
    expect(await file.size()).toBe(2 ** 50);
  });

  test('paths are resolved as the kernel does', async () => {
    const storage = new MemoryStorage();
    await storage.mkdir('a/b', { recursive: true });
    await storage.makeLink('a/b', 'link');
    await (await storage.open('link/../file', 'w')).close();
    expect((await storage.stat('/a/file')).type).toBe('file');
    expect((await storage.stat('//a/./b/../file')).type).toBe('file');
    expect((await storage.stat('/../..')).type).toBe('directory');
    await expect(storage.stat('a/file/')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(storage.stat('a/file/..')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(storage.open('a/new/', 'w')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(storage.stat(`a/${'x'.repeat(256)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    await expect(storage.remove('/')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(storage.remove('a/.')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(storage.rename('/', 'x')).rejects.toMatchObject({ code: 'EBUSY' });
    await storage.makeLink('/a', 'absolute');
    expect((await storage.stat('absolute/file')).type).toBe('file');
    await expect(storage.open('link', constants.O_RDONLY | constants.O_NOFOLLOW)).rejects.toMatchObject({
      code: 'ELOOP',
    });
  });

  test('times come from the given clock, bits from the umask', async () => {
    let now = 1000;
    const storage = new MemoryStorage({ nowMs: () => now, umask: 0o077 });
    const file = await storage.open('file', 'w', { mode: 0o666 });
    now = 2000;
    await file.write(Uint8Array.of(1), 0);
    expect(await storage.stat('file')).toMatchObject({ mode: 0o600, atimeMs: 1000, mtimeMs: 2000, links: 1 });
    expect(await storage.stat('/')).toMatchObject({ mtimeMs: 1000 });
    now = 3000;
    await storage.mkdir('directory');
    expect(await storage.stat('directory')).toMatchObject({ mode: 0o700, mtimeMs: 3000 });
    expect(await storage.stat('/')).toMatchObject({ mtimeMs: 3000 });
  });

  test('without directories of its own, names make them and take them away', async () => {
    const storage = new MemoryStorage({ capabilities: { directories: false } });
    await (await storage.open('a/b/c', 'w')).close();
    expect((await storage.stat('a/b')).type).toBe('directory');
    await storage.rename('a/b/c', 'd/e');
    await expect(storage.stat('a')).rejects.toMatchObject({ code: 'ENOENT' });
    const replacement = await storage.openReplacement('f/g');
    await replacement.abort();
    await expect(storage.stat('f')).rejects.toMatchObject({ code: 'ENOENT' });
    await storage.remove('d/e');
    await expect(storage.stat('d')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    [{ capacityBytes: -1 }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ umask: 0o1000 }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ nowMs: 5 }, 'ERR_CONVEYOR_ARG_TYPE'],
    [{ capabilities: { flight: true } }, 'ERR_CONVEYOR_UNKNOWN_OPTION'],
    [{ capabilities: { durableSync: true } }, 'ERR_CONVEYOR_ARG_RANGE'],
    [{ size: 1 }, 'ERR_CONVEYOR_UNKNOWN_OPTION'],
  ])('%j is refused', (options, code) => {
    expect(() => new MemoryStorage(options as never)).toThrow(expect.objectContaining({ code }));
  });
});
