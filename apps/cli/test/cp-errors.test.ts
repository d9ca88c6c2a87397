import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor, otherUser } from './child.ts';
import { runCommand } from './command.ts';

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder.remove());

const cp = (...args: string[]) => conveyor(['cp', ...args], { cwd: folder.path });

/** What a run that could not do its work leaves: one line, one status, nothing on standard output. */
const failure = (line: string, status = 1) => ({ status, signal: null, stdout: '', stderr: `conveyor: ${line}\n` });

describe('the source', () => {
  test('does not exist', async () => {
    expect(await cp('nowhere', 'copy')).toEqual(failure("'nowhere' does not exist"));
    expect(await cp('no\x1b[31m\nwhere', 'copy')).toEqual(failure("'no\\x1b[31m\\nwhere' does not exist"));
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('is a directory, without -r', async () => {
    await mkdir(at('folder'));
    expect(await cp('folder', 'copy')).toEqual(failure("'folder' is a directory; use -r to copy it"));
    expect(await cp('folder/', 'copy')).toEqual(failure("'folder/' is a directory; use -r to copy it"));
    expect(await readdir(folder.path)).toEqual(['folder']);
  });

  test('is a file with a slash behind it', async () => {
    await writeFile(at('file'), 'x');
    const line = "cannot read 'file/': not a directory (ENOTDIR)";
    expect(await cp('file/', 'copy')).toEqual(failure(line));
  });

  test('is a symbolic link to nothing, or to itself', async () => {
    await symlink('nothing', at('dangling'));
    await symlink('loop', at('loop'));
    const nothing = "'dangling' is a symbolic link that leads to nothing readable: no such file or directory (ENOENT)";
    expect(await cp('dangling', 'copy')).toEqual(failure(nothing));
    const loop = "'loop' is a symbolic link that leads to nothing readable: too many levels of symbolic links (ELOOP)";
    expect(await cp('loop', 'copy')).toEqual(failure(loop));
  });

  test('is a pipe or a device; neither is waited for', async () => {
    await runCommand('mkfifo', [at('pipe')]);
    for (const name of ['pipe', '/dev/null']) {
      const line = `'${name}' is a pipe, a socket or a device, not a regular file; not copied`;
      expect(await cp(name, 'copy')).toEqual(failure(line));
    }
  });

  test('may not be read', async (context) => {
    await chmod(folder.path, 0o777);
    await writeFile(at('secret'), 'x');
    await chmod(at('secret'), 0o000);
    const uid = await otherUser();
    if (uid === undefined) context.skip('another user, which root would become, cannot run node here');
    const run = await conveyor(['cp', 'secret', 'copy'], { cwd: folder.path, ...uid });
    expect(run).toEqual(failure("cannot read 'secret': permission denied (EACCES)"));
    expect(await readdir(folder.path)).toEqual(['secret']);
  });
});

describe('the destination', () => {
  beforeEach(() => writeFile(at('file'), 'content'));

  test('is in a directory that does not exist', async () => {
    expect(await cp('file', 'no/copy')).toEqual(failure("cannot write 'no/copy': the directory 'no' does not exist"));
    expect(await cp('file', 'no/')).toEqual(failure("cannot write 'no/': the directory 'no/' does not exist"));
    expect(await cp('file', '/no/where/copy')).toEqual(
      failure("cannot write '/no/where/copy': the directory '/no/where' does not exist"),
    );
  });

  test('is below a file', async () => {
    expect(await cp('file', 'file/copy')).toEqual(failure("cannot write 'file/copy': 'file' is no directory"));
    expect(await cp('file', 'file/')).toEqual(failure("cannot write 'file/': 'file/' is no directory"));
  });

  test('is a pipe or a device', async () => {
    const line = "cannot write '/dev/null': '/dev/null' is a pipe, a socket or a device, not a regular file";
    expect(await cp('file', '/dev/null')).toEqual(failure(line));
  });

  test('holds a directory of that name', async () => {
    await mkdir(at('into/file'), { recursive: true });
    expect(await cp('file', 'into')).toEqual(failure("cannot write 'into/file': a directory is there"));
  });

  test('is no directory, with several sources', async () => {
    const line = "'copy' does not exist; several sources need a directory as their destination";
    expect(await cp('file', 'file', 'copy')).toEqual(failure(line));
    const isFile = "'file' is no directory; several sources need a directory as their destination";
    expect(await cp('file', 'file', 'file')).toEqual(failure(isFile));
  });

  test('may not be written', async (context) => {
    await mkdir(at('closed'));
    await chmod(at('closed'), 0o555);
    await chmod(folder.path, 0o755);
    const uid = await otherUser();
    if (uid === undefined) context.skip('another user, which root would become, cannot run node here');
    const run = await conveyor(['cp', 'file', 'closed/copy'], { cwd: folder.path, ...uid });
    expect(run).toEqual(failure("cannot write 'closed/copy': permission denied (EACCES)"));
    expect(await readdir(at('closed'))).toEqual([]);
  });

  test('has no space left: the old file stays, nothing is beside it, and it is said once', async (context) => {
    await mkdir(at('small'));
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at('small')]);
    if (mounted.status !== 0) context.skip(`no small file system can be mounted: ${mounted.stderr.trim()}`);
    try {
      await writeFile(at('small/big'), 'old');
      await writeFile(at('big'), Buffer.alloc(9_000_000, 1));
      const line = "cannot write 'small/big': no space left on device (ENOSPC)";
      expect(await cp('big', 'small/big')).toEqual(failure(line));
      expect(await readFile(at('small/big'), 'utf8')).toBe('old');
      expect(await readdir(at('small'))).toEqual(['big']);

      for (const name of ['b', 'c', 'd']) await writeFile(at(name), Buffer.alloc(2_000_000, name));
      const several = await cp('b', 'c', 'd', 'small');
      expect(several.status).toBe(1);
      const [first, second, ...rest] = several.stderr.split('\n');
      expect(first).toMatch(/^conveyor: cannot write 'small\/[bcd]': no space left on device \(ENOSPC\)$/);
      expect([second, ...rest]).toEqual(['conveyor: stopped there: no file was copied', '']);
      expect(await readdir(at('small'))).toEqual(['big']);
    } finally {
      await runCommand('umount', [at('small')]);
    }
  });
});

describe('source and destination', () => {
  test('are the same file, by whatever names', async () => {
    await writeFile(at('file'), 'content');
    await link(at('file'), at('hard'));
    await symlink('file', at('soft'));
    const { ino } = await stat(at('file'));
    for (const [source, target] of [
      ['file', 'file'],
      ['file', './file'],
      ['file', 'hard'],
      ['file', 'soft'],
      ['soft', 'file'],
      ['hard', 'soft'],
    ] as const) {
      expect(await cp(source, target)).toEqual(failure(`'${source}' and '${target}' are the same file`));
    }
    expect(await cp('file', '.')).toEqual(failure("'file' and './file' are the same file"));
    expect(await readFile(at('file'), 'utf8')).toBe('content');
    expect((await stat(at('file'))).ino).toBe(ino);
  });

  test('are a directory and something in it', async () => {
    await mkdir(at('tree/inner'), { recursive: true });
    await symlink('tree/inner', at('link'));
    for (const target of ['tree/new', 'tree/inner/new', 'link/new', 'tree/inner/../new']) {
      const line = `cannot copy the directory 'tree' into itself, '${target}'`;
      expect(await cp('-r', 'tree', target)).toEqual(failure(line));
    }
    const line = "cannot copy the directory 'tree' into itself, 'tree/inner/tree'";
    expect(await cp('-r', 'tree', 'tree/inner')).toEqual(failure(line));
    expect(await cp('-r', 'tree/.', 'link')).toEqual(failure("cannot copy the directory 'tree/.' into itself, 'link'"));
    expect(await cp('-r', '.', 'new')).toEqual(failure("cannot copy the directory '.' into itself, 'new'"));
    expect(await cp('-r', 'tree/.', 'tree')).toEqual(failure("'tree/.' and 'tree' are the same file"));
    expect(await readdir(at('tree/inner'))).toEqual([]);
    expect((await readdir(folder.path)).sort()).toEqual(['link', 'tree']);
  });

  test('are a directory and a file', async () => {
    await mkdir(at('tree'));
    await writeFile(at('file'), 'x');
    const line = "cannot put the directory 'tree' over 'file', which is none";
    expect(await cp('-r', 'tree', 'file')).toEqual(failure(line));
  });

  test('change meanwhile: it is told, and the destination stays as it was', async () => {
    const size = 24 << 20;
    await writeFile(at('log'), Buffer.alloc(size, 1));
    await writeFile(at('copy'), 'old');
    let hasEnded = false;
    const ended = cp('log', 'copy').finally(() => {
      hasEnded = true;
    });
    for (let written = 0; !hasEnded; written++) await writeFile(at('log'), `line ${written}\n`, { flag: 'a' });
    const { status, stderr } = await ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^conveyor: 'log' changed while it was copied \(\d+ to \d+ bytes\); 'copy' is as it was\n$/);
    expect(await readFile(at('copy'), 'utf8')).toBe('old');
    expect((await readdir(folder.path)).sort()).toEqual(['copy', 'log']);
  });
});

describe('names', () => {
  test('of schemes without an adapter', async () => {
    for (const scheme of ['gopher', 'gsiftp', 'constructor']) {
      const url = `${scheme}://bucket/key`;
      const line = `cannot use '${url}': no adapter for scheme '${scheme}'; there is one for: file, s3, irods`;
      expect(await cp(url, 'copy')).toEqual(failure(line));
      expect(await cp('nowhere', url)).toEqual(failure(line));
    }
  });

  test('that mean nothing', async () => {
    expect(await cp('', 'copy')).toEqual(failure('an empty name leads nowhere'));
    const other = "cannot use 'file://other/x': invalid argument, 'other' is another host (EINVAL)";
    expect(await cp('file://other/x', 'copy')).toEqual(failure(other));
    const query = /^conveyor: cannot use 'file:\/\/\/x\?y': invalid argument, .*%3F.* \(EINVAL\)\n$/;
    expect((await cp('file:///x?y', 'copy')).stderr).toMatch(query);
  });
});

describe('the command line', () => {
  const usage = (line: string) => failure(line, 2);

  test.each<[string[], string]>([
    [['--recusive', 'a', 'b'], "unknown option '--recusive' (Did you mean --recursive?)"],
    [['--zzz', 'a', 'b'], "unknown option '--zzz'"],
    [[], "nothing is named to cp; 'conveyor cp --help' tells more"],
    [['a'], "the destination is missing behind 'a'; 'conveyor cp --help' tells more"],
    [['-', 'b'], "'-' is not supported; './-' is a file of that name"],
    [['a', 'b', '-j', '0'], "option '-j, --jobs <n>' argument '0' is invalid. It must be a number from 1 to 64."],
    [['a', 'b', '-j', '2x'], "option '-j, --jobs <n>' argument '2x' is invalid. It must be a number from 1 to 64."],
    [
      ['a', 'b', '--write-capacity', '3GiB'],
      "option '--write-capacity <size>' argument '3GiB' is invalid. It must be from 4KiB to 128MiB.",
    ],
    [
      ['a', 'b', '--write-capacity', '8 bananas'],
      "option '--write-capacity <size>' argument '8 bananas' is invalid. Sizes look like 65536, 512KiB or 8MiB.",
    ],
    [
      ['a', 'b', '--read-capacity', '0'],
      "option '--read-capacity <size>' argument '0' is invalid. It must be from 4KiB to 128MiB.",
    ],
    [['a', 'b', '--read-capacity'], "option '--read-capacity <size>' argument missing"],
  ])('cp %j', async (args, line) => {
    await writeFile(at('a'), 'x');
    expect(await cp(...args)).toEqual(usage(line));
    expect(await readdir(folder.path)).toEqual(['a']);
  });

  test('without a command, or with an unknown one', async () => {
    expect(await conveyor([])).toEqual(usage("no command is given; 'conveyor --help' lists them"));
    expect(await conveyor(['copy', 'a', 'b'])).toEqual(usage("unknown command 'copy' (Did you mean one of cp, top?)"));
    expect(await conveyor(['--versoin'])).toEqual(usage("unknown option '--versoin' (Did you mean --version?)"));
  });
});
