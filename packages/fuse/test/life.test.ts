import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, tempDir, withDeadline } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { mountDirectory, parseMountWords } from '../src/index.ts';
import { LocalMount, noMounts, orWhyNot } from './mounting.ts';
import { run } from './programs.ts';

const isRoot = process.geteuid?.() === 0;

describe.skipIf(noMounts !== undefined)(`the life of a mount${orWhyNot}`, () => {
  test('M4: it ends by unmount, once', async () => {
    await using tree = await LocalMount.make();
    await writeFile(tree.path('f'), 'x');
    const left = await tree.mount.unmount();
    expect(left).toEqual({ files: 0, bytes: 0, oldestMs: 0, error: undefined, isInUse: false });
    expect(await withDeadline(tree.mount.ended, 'the end')).toEqual({ error: undefined });
    expect(await tree.mount.unmount()).toBe(left);
    expect(await readdir(tree.at)).toEqual([]);
    expect(tree.mount.report()).toBeUndefined();
  });

  test('M4: it ends by fusermount3 -u', async () => {
    await using tree = await LocalMount.make();
    expect((await run('fusermount3', ['-u', tree.at])).status).toBe(0);
    expect(await withDeadline(tree.mount.ended, 'the end')).toEqual({ error: undefined });
  });

  test('M4: open files are readable and not writable while it ends, and it says that they are in use', async () => {
    await using tree = await LocalMount.make();
    await writeFile(tree.path('f'), 'kept');
    const file = await open(tree.path('f'), 'r+');
    const left = await tree.mount.unmount({ timeoutMs: 200 });
    expect(left.isInUse).toBe(true);
    expect(await readdir(tree.at)).toEqual([]);
    expect((await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString()).toBe('kept');
    await expect(file.write('lost', 0)).rejects.toMatchObject({ code: 'EROFS' });
    await file.close();
    await withDeadline(tree.mount.ended, 'the end');
    expect(await readFile(join(tree.behind, 'f'), 'utf8')).toBe('kept');
  });

  test('M6: mount points that cannot be, and a directory that is not there', async () => {
    await using home = await tempDir();
    await writeFile(join(home.path, 'file'), '');
    await mkdir(join(home.path, 'at'));
    await expect(mountDirectory(home.path, join(home.path, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(mountDirectory(home.path, join(home.path, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    const none = mountDirectory(join(home.path, 'none'), join(home.path, 'at'));
    await expect(none).rejects.toMatchObject({ code: 'ENOENT', operation: 'mount' });
  });

  test('M6: ro, uid, gid, umask', async () => {
    await using tree = await LocalMount.make({ ...parseMountWords(['uid=1234,gid=77', 'umask=027']) });
    await writeFile(tree.path('f'), '');
    const file = await open(tree.path('f'));
    const { uid, gid, mode } = await file.stat();
    await file.close();
    expect([uid, gid, mode & 0o777]).toEqual([1234, 77, 0o640]);
    await using fixed = await LocalMount.make({ readOnly: true });
    await expect(writeFile(fixed.path('f'), '')).rejects.toMatchObject({ code: 'EROFS' });
  });

  test('M7: it reports what it has done', async () => {
    await using tree = await LocalMount.make();
    await mkdir(tree.path('d'));
    expect(tree.mount.report()?.totals.mkdir).toBe(1);
    await eventually(() => tree.mount.report()?.waiting.length === 0, 'the last answer');
  });

  test.skipIf(!isRoot)('M2: the kernel reads ahead a mebibyte (needs root)', async () => {
    await using tree = await LocalMount.make();
    const device = (await run('mountpoint', ['-d', tree.at])).output.trim();
    const text = await eventually(() => readFile(`/sys/class/bdi/${device}/read_ahead_kb`, 'utf8'), 'read ahead');
    expect(text.trim()).toBe('1024');
  });
});

describe('mount options as words', () => {
  test('M6: what is known', () => {
    expect(parseMountWords(['ro,allow_other', 'umask=022,noatime,attr_timeout=0.5'])).toEqual({
      readOnly: true,
      allowOther: true,
      umask: 0o022,
      attributeTimeoutS: 0.5,
      kernelFlags: ['noatime'],
    });
  });

  test.each(['readonly', 'uid=me', 'umask=9', 'uid', 'ro=1', 'attr_timeout=', 'max_threads=0'])(
    'M6: %s is refused by name',
    (word) => {
      expect(() => parseMountWords([word])).toThrow(RangeError);
    },
  );
});
