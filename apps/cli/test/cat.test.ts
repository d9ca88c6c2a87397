import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, open as openFile, readFile, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually, type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor, programEnvironment, programFile, start } from './child.ts';
import { runCommand } from './command.ts';

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder.remove());

const cat = (...args: string[]) => conveyor(['cat', ...args], { cwd: folder.path });

/** Runs the program with standard output to a file, and gives how it ended. */
async function catInto(path: string, flags: string, ...args: string[]) {
  const file = await openFile(path, flags);
  try {
    return await conveyor(['cat', ...args], { cwd: folder.path, stdout: file.fd });
  } finally {
    await file.close();
  }
}

/** What the kernel has counted of a process. */
async function ioOf(pid: number | undefined): Promise<{ bytesWritten: number; writeCalls: number }> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8');
  const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
  return { bytesWritten: value('wchar'), writeCalls: value('syscw') };
}

describe('conveyor cat', () => {
  test('writes paths and URLs one after the other, empty ones too', async () => {
    await writeFile(at('a'), 'A\n');
    await writeFile(at('empty'), '');
    await writeFile(at('b b'), 'B');
    const outcome = await cat('a', 'empty', pathToFileURL(at('b b')).href, 'a');
    expect(outcome).toEqual({ status: 0, signal: null, stdout: 'A\nBA\n', stderr: '' });
  });

  test('every byte of something large, with a small window as well', async () => {
    const content = randomBytes(5_000_001);
    await writeFile(at('big'), content);
    expect(await catInto(at('out'), 'w', 'big')).toMatchObject({ status: 0, stderr: '' });
    expect((await readFile(at('out'))).equals(content)).toBe(true);
    expect(await catInto(at('out'), 'w', '--read-capacity=4K', 'big', 'big')).toMatchObject({ status: 0 });
    expect((await readFile(at('out'))).equals(Buffer.concat([content, content]))).toBe(true);
  });

  test('files of /proc, whose size is said to be 0', async () => {
    expect((await cat('/proc/version')).stdout).toBe(await readFile('/proc/version', 'utf8'));
  });

  test('what cannot be read is told, and the others are written', async () => {
    await writeFile(at('a'), 'A');
    const outcome = await cat('nowhere', 'a', '.', 'gopher://bucket/key', '/dev/null', 'a');
    const lines = [
      "'nowhere' does not exist",
      "'.' is a directory",
      "cannot use 'gopher://bucket/key': no adapter for scheme 'gopher'; there is one for: file, s3, irods",
      "'/dev/null' is a pipe, a socket or a device, not a regular file",
    ];
    const stderr = lines.map((line) => `conveyor: ${line}\n`).join('');
    expect(outcome).toEqual({ status: 1, signal: null, stdout: 'AA', stderr });
  });

  test('a file that standard output goes to is not read: it would have no end', async () => {
    await writeFile(at('a'), 'A');
    const outcome = await catInto(at('a'), 'a', 'a');
    expect(outcome).toMatchObject({ status: 1, stderr: "conveyor: 'a' is where standard output goes; not read\n" });
    expect(await readFile(at('a'), 'utf8')).toBe('A');
  });

  test.each([
    [['cat'], "nothing is named to cat; 'conveyor cat --help' tells more"],
    [['cat', '--jsn', 'a'], "unknown option '--jsn'"],
    [['cat', '-'], "'-' is not supported; './-' is a file of that name"],
  ])('%j makes no sense', async (args, line) => {
    expect(await conveyor(args)).toEqual({ status: 2, signal: null, stdout: '', stderr: `conveyor: ${line}\n` });
  });
});

describe('standard output', () => {
  test('that nobody reads any more ends it quietly, with the status of SIGPIPE', async () => {
    await writeFile(at('big'), randomBytes(8_000_000));
    const { child, ended } = start(['cat', 'big', 'big', 'nowhere'], { cwd: folder.path });
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await ended).toMatchObject({ status: 141, signal: null, stderr: '' });
  });

  test.each([['cat', 'file'], ['cp', '--help'], ['--version'], ['cp', '--json', 'file', 'copy']])(
    'that is full is told: %j %j',
    async (...args) => {
      await writeFile(at('file'), randomBytes(2_000_000));
      const full = await openFile('/dev/full', 'w');
      try {
        const outcome = await conveyor(args.filter(Boolean), { cwd: folder.path, stdout: full.fd });
        const stderr = 'conveyor: cannot write standard output: no space left on device (ENOSPC)\n';
        expect(outcome).toMatchObject({ status: 1, stderr });
      } finally {
        await full.close();
      }
    },
  );

  test('that is a file on a full disk is told, though a part of the bytes has gone there', async (context) => {
    await writeFile(at('source'), randomBytes(3_000_000));
    await mkdir(at('small'));
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at('small')]);
    if (mounted.status !== 0) context.skip(`no small file system can be mounted: ${mounted.stderr.trim()}`);
    try {
      const outcome = await catInto(at('small/out'), 'w', 'source');
      const stderr = 'conveyor: cannot write standard output: no space left on device (ENOSPC)\n';
      expect(outcome).toMatchObject({ status: 1, stderr });
    } finally {
      await runCommand('umount', [at('small')]);
    }
  });

  test('that does not block and is full is waited for', async () => {
    const content = randomBytes(3_000_000);
    await writeFile(at('big'), content);
    await runCommand('mkfifo', [at('pipe')]);
    const reader = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(at('pipe'), constants.O_WRONLY | constants.O_NONBLOCK);
    // As 3, because node makes the descriptors 0 to 2 of its children block.
    const command = ['-c', 'exec "$0" "$@" >&3 3>&-', process.execPath, programFile(), 'cat', 'big'];
    const stdio = ['ignore', 'ignore', 'inherit', writer] as const;
    const child = spawn('sh', command, { cwd: folder.path, env: programEnvironment(), stdio: [...stdio] });
    const ended = withDeadline(once(child, 'close'), 'the end of cat');
    closeSync(writer);

    // Nobody reads yet: with the pipe full it can do nothing but ask it again and again, and wake itself for that.
    const wakeUps = 4096;
    let before = await ioOf(child.pid);
    await eventually(async () => {
      const now = await ioOf(child.pid);
      if (now.bytesWritten > before.bytesWritten + wakeUps) before = now;
      return now.bytesWritten >= 65_536 && now.writeCalls > before.writeCalls + 10;
    }, 'cat to fill the pipe and to ask again');
    const chunks: Buffer[] = [];
    for await (const chunk of new Socket({ fd: reader, readable: true, writable: false })) chunks.push(chunk as Buffer);
    expect(await ended).toEqual([0, null]);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  test('a signal ends it as it ends every program', async () => {
    await writeFile(at('big'), randomBytes(8_000_000));
    const { child, ended } = start(['cat', 'big'], { cwd: folder.path });
    child.stdout?.pause();
    child.stdout?.once('readable', () => child.kill('SIGINT'));
    expect(await ended).toMatchObject({ status: null, signal: 'SIGINT' });
  });
});
