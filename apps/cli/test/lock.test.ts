import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileLock } from '@libconveyor/file-lock';
import { eventually, withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '../src/duration.ts';
import { conveyor, start } from './child.ts';
import { runCommand } from './command.ts';

test('the command runs with the lock held, and its status is the status', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const script = `flock -n '${path}.lock' true && exit 9; echo "$0 $1"; exit 42`;
    const { status, stdout, stderr } = await conveyor(['lock', path, '--', 'sh', '-c', script, 'a', '-b c']);
    expect({ status, stdout, stderr }).toEqual({ status: 42, stdout: 'a -b c\n', stderr: '' });
    expect(await FileLock.isLocked(path)).toBe(false);
  });
});

test('75 when the lock was not got: at once, and in time', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    await using _lock = await FileLock.acquire(path);
    for (const options of [['--nonblock'], ['--timeout', '20ms'], ['--shared', '-w', '0']]) {
      const { status, stdout, stderr } = await conveyor(['lock', ...options, path, '--', 'echo', 'ran']);
      expect([status, stdout]).toEqual([75, '']);
      expect(stderr).toContain(`held by process ${process.pid}`);
    }
  });
});

test('shared ones run beside each other, and beside flock -s', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const inner = `flock -s -n '${path}.lock' true && ! flock -n '${path}.lock' true`;
    await using _lock = await FileLock.acquire(path, { mode: 'shared' });
    expect((await conveyor(['lock', '-s', '-n', path, '--', 'sh', '-c', inner])).status).toBe(0);
  });
});

test('flock(1) on the same sidecar keeps it out, and lets it in', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const holder = spawn('flock', [`${path}.lock`, 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect((await conveyor(['lock', '-n', path, '--', 'true'])).status).toBe(75);
    const { ended } = start(['lock', path, '--', 'echo', 'in']);
    holder.stdin.end('go\n');
    expect(await ended).toMatchObject({ status: 0, stdout: 'in\n' });
  });
});

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const)('%s', (name) => {
  test('goes to the command, whose answer counts', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'file');
      const short = name.slice(3);
      const script = `trap 'exit 7' ${short}; echo up > '${path}'; while :; do read line < '${path}.fifo'; done`;
      await runCommand('mkfifo', [`${path}.fifo`]);
      const { child, ended } = start(['lock', path, '--', 'sh', '-c', script]);
      await eventually(() => readText(path) === 'up\n', 'the command');
      child.kill(name);
      expect((await ended).status).toBe(7);
      expect(await FileLock.isLocked(path)).toBe(false);
    });
  });
});

test('a signal during the wait ends it; a command that a signal ends has its number', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const lock = await FileLock.acquire(path);
    const { child, ended } = start(['lock', path, '--', 'true']);
    // Once it has the seat of who is next, the program waits and listens.
    const seat = new RegExp(`OFDLCK.*:${statSync(`${path}.lock`).ino} 1 1$`, 'm');
    await eventually(() => seat.test(readFileSync('/proc/locks', 'utf8')), 'the wait');
    child.kill('SIGTERM');
    expect((await ended).status).toBe(143);
    await lock.release();
    expect((await conveyor(['lock', path, '--', 'sh', '-c', 'kill -9 $$'])).status).toBe(137);
  });
});

test('commands that cannot be run, and command lines without sense', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    expect((await conveyor(['lock', path, '--', join(folder, 'absent')])).status).toBe(127);
    expect((await conveyor(['lock', path, '--', path])).status).toBe(126);
    expect(await conveyor(['lock', join(folder, 'no', 'file'), '--', 'true'])).toMatchObject({ status: 1 });
    for (const args of [[], [path], ['-w', 'soon', path, '--', 'true'], ['-n', '-w', '1s', path, '--', 'true']]) {
      expect((await conveyor(['lock', ...args])).status).toBe(2);
    }
    expect((await conveyor(['lock', '--help'])).stdout).toContain('FILE -- COMMAND...');
  });
});

test('a sidecar that was removed meanwhile is told', async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, 'file');
    const { status, stderr } = await conveyor(['lock', path, '--', 'rm', `${path}.lock`]);
    expect(status).toBe(1);
    expect(stderr).toContain('the sidecar was removed or replaced');
    rmSync(path, { force: true });
  });
});

test('durations', () => {
  expect(['10s', '500ms', '2m', '1h', '1.5', '0'].map(parseDuration)).toEqual([
    10_000, 500, 120_000, 3_600_000, 1500, 0,
  ]);
  for (const text of ['', 's', '-1s', '1d', '1 s', 'Infinity', '1e3']) expect(parseDuration(text)).toBeUndefined();
});

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
