import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor, start } from './child.ts';

const quiet = { status: 0, signal: null, stdout: '', stderr: '' };

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder.remove());

const cp = (...args: string[]) => conveyor(['cp', ...args], { cwd: folder.path });

describe('one file', () => {
  test.each([0, 1, 65_536, 524_288, 524_289, 3_000_001])('%i bytes arrive', async (size) => {
    const content = randomBytes(size);
    await writeFile(at('source'), content);
    expect(await cp('source', 'copy')).toEqual(quiet);
    expect((await readFile(at('copy'))).equals(content)).toBe(true);
    expect((await readdir(folder.path)).sort()).toEqual(['copy', 'source']);
  });

  test.each([0o600, 0o755, 0o444, 0o666])('mode %o and times are kept, whatever the umask', async (mode) => {
    await writeFile(at('source'), 'x');
    await chmod(at('source'), mode);
    await utimes(at('source'), 1_234_567.125, 1_600_000_000.25);
    expect(await cp('source', 'copy')).toEqual(quiet);
    const copy = await stat(at('copy'));
    expect(copy.mode & 0o7777).toBe(mode);
    expect(copy.mtimeMs).toBe(1_600_000_000_250);
    expect(copy.atimeMs).toBe(1_234_567_125);
  });

  test('set-id bits are not kept, because the owner is not', async () => {
    await writeFile(at('source'), 'x');
    await chmod(at('source'), 0o6755);
    expect(await cp('source', 'copy')).toEqual(quiet);
    expect((await stat(at('copy'))).mode & 0o7777).toBe(0o755);
  });

  test('a directory takes it in under its name, with and without a slash', async () => {
    await mkdir(at('into'));
    await writeFile(at('a'), 'A');
    await writeFile(at('b'), 'B');
    expect(await cp('a', 'into')).toEqual(quiet);
    expect(await cp(at('b'), 'into/')).toEqual(quiet);
    expect(await readFile(at('into/a'), 'utf8')).toBe('A');
    expect(await readFile(at('into/b'), 'utf8')).toBe('B');
  });

  test.each(['with space', 'new\nline', 'ünï→👍', 'quo\'te"s', '-dash', 'a%20b', 's3:x', '*'])(
    'the name %j',
    async (name) => {
      await writeFile(at(name), name);
      expect(await cp('--', name, `${name}.copy`)).toEqual(quiet);
      expect(await readFile(at(`${name}.copy`), 'utf8')).toBe(name);
    },
  );

  test('file: URLs, whose names are decoded, on either side', async () => {
    await writeFile(at('a b#?%'), 'url');
    const url = pathToFileURL(at('a b#?%')).href;
    expect(await cp(url, pathToFileURL(at('ü')).href)).toEqual(quiet);
    expect(await readFile(at('ü'), 'utf8')).toBe('url');
    expect(await cp(`file:${at('%C3%BC')}`, './file:copy')).toEqual(quiet);
    expect(await readFile(at('file:copy'), 'utf8')).toBe('url');
  });

  test('.. behind a symbolic link is what the kernel makes of it', async () => {
    await mkdir(at('real/inner'), { recursive: true });
    await symlink('real/inner', at('link'));
    await writeFile(at('real/a'), 'found');
    expect(await cp('link/../a', 'copy')).toEqual(quiet);
    expect(await readFile(at('copy'), 'utf8')).toBe('found');
  });

  test('symbolic links are followed on both sides; hard links of the old file keep the old content', async () => {
    await writeFile(at('file'), 'new');
    await writeFile(at('old'), 'old');
    await link(at('old'), at('other name'));
    await symlink('file', at('from'));
    await symlink('old', at('to'));
    expect(await cp('from', 'to')).toEqual(quiet);
    expect(await readFile(at('old'), 'utf8')).toBe('new');
    expect(await readFile(at('other name'), 'utf8')).toBe('old');
    expect((await lstat(at('to'))).isSymbolicLink()).toBe(true);
  });

  test('files of /proc, whose size is said to be 0, are copied with their content', async () => {
    expect(await cp('/proc/version', 'copy')).toEqual(quiet);
    expect(await readFile(at('copy'), 'utf8')).toBe(await readFile('/proc/version', 'utf8'));
  });

  test('whoever reads the destination meanwhile sees the old or the new content, never a part', async () => {
    const size = 32 << 20;
    await writeFile(at('source'), Buffer.alloc(size, 'n'));
    await writeFile(at('copy'), Buffer.alloc(size, 'o'));
    const run = start(['cp', 'source', 'copy'], { cwd: folder.path });
    const seen: string[] = [];
    let hasEnded = false;
    const ended = run.ended.finally(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      const content = await readFile(at('copy'));
      expect(content.byteLength).toBe(size);
      const first = content.toString('latin1', 0, 1);
      expect(content.equals(Buffer.alloc(size, first)), 'all of it is alike').toBe(true);
      seen.push(first);
    }
    expect(await ended).toEqual(quiet);
    expect(seen[0]).toBe('o');
    expect((await readFile(at('copy'))).equals(Buffer.alloc(size, 'n'))).toBe(true);
  });
});

describe('several sources', () => {
  test('go into a directory', async () => {
    await mkdir(at('into'));
    for (const name of ['a', 'b', 'c']) await writeFile(at(name), name);
    expect(await cp('a', 'b', 'c', 'into/')).toEqual(quiet);
    expect((await readdir(at('into'))).sort()).toEqual(['a', 'b', 'c']);
  });

  test('what fails does not keep the others from being copied', async () => {
    await mkdir(at('into'));
    await writeFile(at('a'), 'a');
    await writeFile(at('c'), 'c');
    const stderr = "conveyor: 'b' does not exist\n";
    expect(await cp('a', 'b', 'c', 'into')).toEqual({ ...quiet, status: 1, stderr });
    expect((await readdir(at('into'))).sort()).toEqual(['a', 'c']);
  });

  test('of the same name: only the first is copied, and the second is told', async () => {
    for (const name of ['x', 'y', 'into']) await mkdir(at(name));
    await writeFile(at('x/same'), 'x');
    await writeFile(at('y/same'), 'y');
    const stderr = "conveyor: 'y/same' and 'x/same' would both become 'into/same'; only the first is copied\n";
    expect(await cp('x/same', 'y/same', 'into')).toEqual({ ...quiet, status: 1, stderr });
    expect(await readFile(at('into/same'), 'utf8')).toBe('x');
  });
});

describe('results', () => {
  const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

  test('--checksum prints what sha256sum --check reads', async () => {
    await mkdir(at('into'));
    await writeFile(at('plain'), 'one');
    await writeFile(at('new\nline\\'), 'two');
    const { status, stdout, stderr } = await cp('-c', '-j', '1', 'plain', 'new\nline\\', 'into');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`${sha256('one')}  into/plain\n\\${sha256('two')}  into/new\\nline\\\\\n`);
  });

  test('--json prints one object with counts, rates and what the engine did', async () => {
    await writeFile(at('source'), Buffer.alloc(1_000_000, 'j'));
    const { status, stdout, stderr } = await cp('--json', 'source', 'copy');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')).toHaveLength(2);
    const { engine, seconds, bytesPerSecond, ...counts } = JSON.parse(stdout);
    const nothing = { interrupted: null, directories: 0, links: 0, failed: 0, errors: [] };
    expect(counts).toEqual({ ok: true, files: 1, bytes: 1_000_000, ...nothing });
    expect(seconds).toBeGreaterThan(0);
    expect(bytesPerSecond).toBeCloseTo(1_000_000 / seconds, 3);
    expect(engine).toMatchObject({ bytesRead: 1_000_000, bytesWritten: 1_000_000, backendBytesWritten: 1_000_000 });
    for (const value of Object.values(engine)) expect(value).toBeTypeOf('number');
  });

  test('--json with --checksum has the checksums first, with failures the failures', async () => {
    await mkdir(at('into'));
    await writeFile(at('a'), 'A');
    const { status, stdout, stderr } = await cp('--json', '--checksum', 'a', 'nowhere', 'into');
    expect({ status, stderr }).toEqual({ status: 1, stderr: "conveyor: 'nowhere' does not exist\n" });
    expect(Object.keys(JSON.parse(stdout))[0]).toBe('checksums');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      files: 1,
      failed: 1,
      checksums: [{ source: 'a', destination: 'into/a', sha256: sha256('A') }],
      errors: [{ code: 'ENOENT', message: "'nowhere' does not exist", path: 'nowhere' }],
    });
  });

  test('--json is an object also where nothing could be copied', async () => {
    const { status, stdout } = await cp('--json', '--checksum', 'nowhere', 'copy');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, files: 0, failed: 1, checksums: [] });
  });

  test.each([
    ['--write-capacity', '4KiB', '--read-capacity', '5000'],
    ['--write-capacity', '3MiB', '--read-capacity', '4M'],
    ['--write-capacity=128MiB', '--read-capacity=128MiB', '--jobs=64'],
  ])('capacities bound what the engine holds and change nothing else: %s %s', async (...options) => {
    await mkdir(at('into'));
    const names = ['a', 'b', 'c', 'd', 'e'];
    const content = randomBytes(1_500_000);
    for (const name of names) await writeFile(at(name), content);
    expect(await cp(...options.filter(Boolean), ...names, 'into')).toEqual(quiet);
    for (const name of names) expect((await readFile(at(`into/${name}`))).equals(content)).toBe(true);
  });
});
