import { constants } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalMount, noMounts, orWhyNot } from './mounting.ts';
import { run, shell } from './programs.ts';

const isRoot = process.geteuid?.() === 0;
const daemon = 1;

describe.skipIf(noMounts !== undefined)(`a local directory, mounted${orWhyNot}`, () => {
  test('M1: names: files, directories, links of both kinds', async () => {
    await using tree = await LocalMount.make();
    await mkdir(tree.path('d'));
    await writeFile(tree.path('d/f'), 'content');
    await link(tree.path('d/f'), tree.path('second'));
    await symlink('d/f', tree.path('s'));
    expect(await readFile(tree.path('s'), 'utf8')).toBe('content');
    expect(await readlink(tree.path('s'))).toBe('d/f');
    expect((await stat(tree.path('second'))).nlink).toBe(2);
    expect((await readdir(tree.at)).sort()).toEqual(['d', 's', 'second']);
    expect(await readFile(join(tree.behind, 'd/f'), 'utf8')).toBe('content');
    await expect(rm(tree.path('d'))).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY/) });
    await expect(lstat(tree.path('n'.repeat(256)))).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    await symlink('loop', tree.path('loop'));
    await expect(readFile(tree.path('loop'))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('M1: renames over open files, and files that are removed while they are open', async () => {
    await using tree = await LocalMount.make();
    await writeFile(tree.path('old'), 'old');
    await writeFile(tree.path('new'), 'new');
    await using file = await open(tree.path('old'), 'r+');
    await rename(tree.path('new'), tree.path('old'));
    expect(await readFile(tree.path('old'), 'utf8')).toBe('new');
    await file.write('OLD', 0);
    expect((await file.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString()).toBe('OLD');
    expect((await file.stat()).nlink).toBe(0);
    await using second = await open(tree.path('old'), 'r+');
    await unlink(tree.path('old'));
    expect((await second.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString()).toBe('new');
    expect(await readdir(tree.at)).toEqual([]);
  });

  test('M1: O_APPEND, O_TRUNC, O_EXCL, sparse files', async () => {
    await using tree = await LocalMount.make();
    const path = tree.path('log');
    await writeFile(path, 'one\n', { flag: 'a' });
    await writeFile(path, 'two\n', { flag: 'a' });
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
    await expect(open(path, 'wx')).rejects.toMatchObject({ code: 'EEXIST' });
    await using file = await open(path, constants.O_RDWR | constants.O_TRUNC);
    expect((await file.stat()).size).toBe(0);
    await file.write('end', 1 << 20);
    const { size, blocks } = await file.stat();
    expect(size).toBe((1 << 20) + 3);
    expect(blocks * 512).toBeLessThan(1 << 20);
    expect((await readFile(path)).subarray(0, 1 << 20).every((byte) => byte === 0)).toBe(true);
  });

  test('M1: times to the nanosecond, modes, extended attributes, nodes of other kinds, holes', async () => {
    await using tree = await LocalMount.make();
    const { status, output } = await shell(
      `touch -d '2001-02-03 04:05:06.123456789' f
       [ "$(stat -c %y f | cut -d' ' -f2)" = 04:05:06.123456789 ]
       chmod 2751 f; [ "$(stat -c %a f)" = 2751 ]
       mkfifo p; [ "$(stat -c %F p)" = fifo ]
       truncate -s 1M f; fallocate -l 4096 -o 65536 f; fallocate -p -l 4096 -o 65536 f
       [ "$(stat -c %s f)" = 1048576 ]
       cp --sparse=always f g; cmp f g`,
      { cwd: tree.at },
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });

  test.skipIf(!isRoot)('M1: what is made belongs to the caller, and permission bits decide (needs root)', async () => {
    await using tree = await LocalMount.make();
    await chmod(join(tree.at, '..'), 0o755);
    await mkdir(tree.path('shared'));
    await chmod(tree.path('shared'), 0o2777);
    await writeFile(tree.path('secret'), 'x', { mode: 0o600 });
    const asDaemon = { cwd: tree.at, uid: daemon, gid: daemon };
    expect((await shell('umask 027; touch shared/f; mkdir shared/d', asDaemon)).status).toBe(0);
    const file = await stat(tree.path('shared/f'));
    expect([file.uid, file.gid, file.mode & 0o7777]).toEqual([daemon, 0, 0o640]);
    expect((await stat(tree.path('shared/d'))).mode & 0o7777).toBe(0o2750);
    expect((await shell('cat secret', asDaemon)).output).toContain('Permission denied');
    expect((await shell('touch at-the-top', asDaemon)).output).toContain('Permission denied');
    // The threads that acted for the caller are themselves again.
    await writeFile(tree.path('by-root'), '');
    expect((await stat(tree.path('by-root'))).uid).toBe(0);
  });

  test('M1: locks hold between processes', async () => {
    await using tree = await LocalMount.make();
    const { status, output } = await shell(
      `exec 9>lock; flock -n 9
       if flock -n lock true; then echo 'two have it'; exit 1; fi
       exec 9>&-; flock -n lock true`,
      { cwd: tree.at },
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });

  test('M2: what happens beside the mount shows at the next open', async () => {
    await using tree = await LocalMount.make({ entryTimeoutS: 3600, attributeTimeoutS: 3600 });
    await writeFile(tree.path('f'), 'first');
    expect(await readFile(tree.path('f'), 'utf8')).toBe('first');
    await writeFile(join(tree.behind, 'f'), 'secnd');
    expect(await readFile(tree.path('f'), 'utf8')).toBe('secnd');
  });

  test('M3: a full file system shows in the write', async (context) => {
    await using tree = await LocalMount.make();
    const full = await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'full', tree.behind]);
    if (full.status !== 0) context.skip('a small file system cannot be mounted here');
    try {
      // The mount holds the directory that was there before; a mount of its own sees the small one.
      await using small = await LocalMount.over(tree.behind);
      const { status, output } = await run('dd', ['if=/dev/zero', `of=${small.path('f')}`, 'bs=64k', 'count=16']);
      expect(status).not.toBe(0);
      expect(output).toContain('No space left on device');
    } finally {
      await run('umount', [tree.behind]);
    }
  });

  test('M1: a mount of 2,000 files is read back as it was written', async () => {
    await using tree = await LocalMount.make();
    const { status, output } = await shell(
      `for i in $(seq 2000); do echo "file $i" > "f$i"; done
       [ "$(ls | wc -l)" = 2000 ]; [ "$(cat * | sort | uniq | wc -l)" = 2000 ]
       ls -l > /dev/null; rm -rf -- *; [ "$(ls -A | wc -l)" = 0 ]`,
      { cwd: tree.at },
    );
    expect(output).toBe('');
    expect(status).toBe(0);
  });
});
