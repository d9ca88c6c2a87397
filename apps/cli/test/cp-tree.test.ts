import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Prng, type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor, otherUser } from './child.ts';
import { runCommand } from './command.ts';

const quiet = { status: 0, signal: null, stdout: '', stderr: '' };

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder.remove());

const cp = (...args: string[]) => conveyor(['cp', ...args], { cwd: folder.path });

/** What a tree is, apart from the inodes: a line for each name with its mode, its time, its content. */
async function snapshot(top: string): Promise<string[]> {
  const names = (await readdir(top, { recursive: true })).concat('.').sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(top, name);
      const info = await lstat(path);
      if (info.isSymbolicLink()) return `${name} -> ${await readlink(path)}`;
      const line = `${name} ${info.mode.toString(8)} ${info.mtimeMs}`;
      if (info.isDirectory()) return line;
      return `${line} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`;
    }),
  );
}

async function makeTree(top: string, files: number): Promise<void> {
  const random = new Prng(files);
  const folders = [top];
  for (let index = 0; index < files; index++) {
    const parent = folders[random.below(folders.length)] as string;
    await mkdir(parent, { recursive: true });
    await writeFile(join(parent, `file ${index}`), Buffer.alloc(random.below(90_000), index));
    await chmod(join(parent, `file ${index}`), [0o600, 0o644, 0o755, 0o440][index % 4] as number);
    await utimes(join(parent, `file ${index}`), 1_400_000_000, 1_400_000_000.25 + index);
    if (index % 5 === 0) folders.push(join(parent, `folder\n${index}`));
    if (index % 7 === 0) await symlink(`file ${index}`, join(parent, `link ${index}`));
  }
  folders.push(join(top, 'empty'));
  for (const path of folders) await mkdir(path, { recursive: true });
  await symlink('/nowhere/at all', join(top, 'dangling'));
  for (const [index, path] of folders.entries()) {
    await chmod(path, 0o750);
    await utimes(path, 1_500_000_000, 1_500_000_000 + index);
  }
}

describe('-r', () => {
  test.each([1, 3, 8])('copies contents, modes, times, links and empty directories with %i at a time', async (jobs) => {
    await makeTree(at('tree'), 60);
    expect(await cp('-r', '-j', String(jobs), 'tree', 'copy')).toEqual(quiet);
    expect(await snapshot(at('copy'))).toEqual(await snapshot(at('tree')));
  });

  test('a directory that exists takes the tree in; . as its name means its contents; -R is the same', async () => {
    await mkdir(at('tree'));
    await mkdir(at('into'));
    await writeFile(at('tree/file'), 'x');
    expect(await cp('-r', 'tree', 'into')).toEqual(quiet);
    expect(await cp('-R', 'tree/.', 'into')).toEqual(quiet);
    expect((await readdir(at('into'), { recursive: true })).sort()).toEqual(['file', 'tree', 'tree/file']);
  });

  test('merges: what is there and not in the source stays, with its attributes', async () => {
    await mkdir(at('tree/sub'), { recursive: true });
    await writeFile(at('tree/sub/new'), 'new');
    await writeFile(at('tree/sub/both'), 'new');
    await symlink('elsewhere', at('tree/link'));
    await chmod(at('tree/sub'), 0o700);
    await mkdir(at('copy/sub'), { recursive: true });
    await writeFile(at('copy/sub/old'), 'old');
    await writeFile(at('copy/sub/both'), 'old');
    await writeFile(at('copy/link'), 'a file, to be replaced by a link');
    await chmod(at('copy/sub'), 0o755);
    expect(await cp('-r', 'tree/.', 'copy')).toEqual(quiet);
    const contents = await Promise.all(['old', 'new', 'both'].map((name) => readFile(at(`copy/sub/${name}`), 'utf8')));
    expect(contents).toEqual(['old', 'new', 'new']);
    expect(await readlink(at('copy/link'))).toBe('elsewhere');
    expect((await stat(at('copy/sub'))).mode & 0o777).toBe(0o755);
    expect((await readdir(at('copy'))).sort()).toEqual(['link', 'sub']);
  });

  test('follows a link that is named, and none that it finds', async () => {
    await mkdir(at('tree'));
    await writeFile(at('outside'), 'outside');
    await symlink('../outside', at('tree/out'));
    await symlink('.', at('tree/self'));
    await symlink('tree', at('named'));
    expect(await cp('-r', 'named', 'copy')).toEqual(quiet);
    expect((await lstat(at('copy'))).isDirectory()).toBe(true);
    expect(await readlink(at('copy/out'))).toBe('../outside');
    expect(await readlink(at('copy/self'))).toBe('.');
  });

  test('a set-group-ID bit comes from the directory above, not from the source', async () => {
    await mkdir(at('tree/sub'), { recursive: true });
    await mkdir(at('into'));
    await chmod(at('into'), 0o2775);
    expect(await cp('-r', 'tree', 'into')).toEqual(quiet);
    expect((await stat(at('into/tree/sub'))).mode & 0o7777).toBe(0o2000 | ((await stat(at('tree/sub'))).mode & 0o777));
    await chmod(at('tree/sub'), 0o2755);
    expect(await cp('-r', 'tree', 'copy')).toEqual(quiet);
    expect((await stat(at('copy/sub'))).mode & 0o7777).toBe(0o755);
  });

  test('what cannot be copied is told, each in its line, and everything else is copied', async () => {
    await mkdir(at('tree/was a file'), { recursive: true });
    await mkdir(at('tree/good'));
    await mkdir(at('copy/is a folder'), { recursive: true });
    await runCommand('mkfifo', [at('tree/pipe')]);
    await writeFile(at('tree/good/file'), 'fine');
    await writeFile(at('tree/is a folder'), 'x');
    await writeFile(at('tree/was a file/x'), 'x');
    await writeFile(at('copy/was a file'), 'x');
    const { status, stdout, stderr } = await cp('-r', '--json', 'tree/.', 'copy');
    expect(status).toBe(1);
    const lines = [
      "cannot make the directory 'copy/was a file': something else is there",
      "cannot write 'copy/is a folder': a directory is there",
      "'tree/./pipe' is a pipe, a socket or a device, not a regular file; not copied",
    ];
    expect(stderr.trimEnd().split('\n').sort()).toEqual(lines.map((line) => `conveyor: ${line}`).sort());
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ ok: false, failed: 3, files: 1, directories: 2, links: 0 });
    expect(result.errors.map(({ code }: { code: string }) => code).sort()).toEqual(['EISDIR', 'ENOTDIR', 'ENOTSUP']);
    expect(await readFile(at('copy/good/file'), 'utf8')).toBe('fine');
  });

  test('directories that nobody may write to are filled first', async (context) => {
    await mkdir(at('tree/closed/inner'), { recursive: true });
    for (let index = 0; index < 20; index++) await writeFile(at(`tree/closed/inner/${index}`), 'x');
    await chmod(at('tree/closed/inner'), 0o555);
    await chmod(at('tree/closed'), 0o555);
    await chmod(folder.path, 0o777);
    const user = await otherUser();
    if (user === undefined) context.skip('another user, which root would become, cannot run node here');
    expect(await conveyor(['cp', '-r', 'tree', 'copy'], { cwd: folder.path, ...user })).toEqual(quiet);
    expect(await readdir(at('copy/closed/inner'))).toHaveLength(20);
    expect((await stat(at('copy/closed/inner'))).mode & 0o777).toBe(0o555);
    for (const name of ['tree/closed/inner', 'tree/closed', 'copy/closed/inner', 'copy/closed'])
      await chmod(at(name), 0o755);
  });

  test('names that are not UTF-8 are told and never become others', async () => {
    await mkdir(at('tree'));
    await writeFile(Buffer.concat([Buffer.from(`${at('tree')}/bad `), Buffer.from([0xe4])]), 'x');
    const { status, stderr } = await cp('-r', 'tree', 'copy');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^conveyor: cannot read 'tree': .*'bad ä' \(read as Latin-1\) is not UTF-8 \(EILSEQ\)\n$/);
    expect(await readdir(at('copy'))).toEqual([]);
  });

  test('--checksum covers every file, and --json counts them', async () => {
    await makeTree(at('tree'), 20);
    const { status, stdout } = await cp('-r', '-c', 'tree', 'copy');
    expect(status).toBe(0);
    await writeFile(at('sums'), stdout);
    const check = await runCommand('sha256sum', ['--check', '--strict', '--quiet', 'sums'], { cwd: folder.path });
    expect(check).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(20);
    const result = JSON.parse((await cp('-r', '-c', '--json', 'tree', 'again')).stdout);
    expect(result.checksums).toHaveLength(20);
    expect(result).toMatchObject({ ok: true, files: 20, links: 4, directories: expect.any(Number) });
  });
});
