import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock, withTempDir } from '@libconveyor/testkit';
import { describe, expect, inject, test } from 'vitest';
import { exitStatus, statusOfSignal } from '../src/exit-status.ts';
import { Interruption } from '../src/interruption.ts';
import { conveyor, programFile } from './child.ts';
import { runCommand } from './command.ts';

describe('conveyor', () => {
  test('--version and -V print the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(inject('program'), 'package.json'), 'utf8'));
    for (const option of ['--version', '-V']) {
      expect(await conveyor([option])).toEqual({ status: 0, signal: null, stdout: `${version}\n`, stderr: '' });
    }
  });

  test('--help names the commands; help COMMAND is COMMAND --help', async () => {
    const { status, stdout, stderr } = await conveyor(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ {2}cp \[options\] SRC\.\.\. DST {2}/m);
    expect(stdout).toMatch(/^ {2}cat \[options\] SRC\.\.\. {2}/m);
    for (const command of ['cp', 'cat']) {
      const page = await conveyor([command, '--help']);
      expect(page.stdout).toMatch(new RegExp(`^Usage: conveyor ${command} \\[options\\] SRC`));
      expect(await conveyor(['help', command])).toEqual(page);
    }
  });

  test('the pages fit a terminal and tell every exit status there is', async () => {
    const pages = await Promise.all([['--help'], ['cp', '--help'], ['cat', '--help']].map((args) => conveyor(args)));
    for (const { stdout } of pages) {
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(88);
    }
    const [, cp, cat] = pages.map(({ stdout }) => stdout.slice(stdout.indexOf('Exit status:')));
    for (const status of [exitStatus.done, exitStatus.failed, exitStatus.usage]) {
      expect(cp).toMatch(new RegExp(`^ +${status} `, 'm'));
      expect(cat).toMatch(new RegExp(`^ +${status} `, 'm'));
    }
    expect(cat).toMatch(new RegExp(`^ +${exitStatus.brokenPipe} `, 'm'));
    const signals = (['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map(statusOfSignal).join(', ');
    expect(cp).toContain(signals);
  });

  test('without its native part says how to get it, in one line', async () => {
    await withTempDir(async (folder) => {
      const env = { CONVEYOR_NATIVE_PATH: join(folder, 'nowhere.node') };
      const { status, stderr } = await conveyor(['cp', programFile(), join(folder, 'copy')], { env });
      expect(status).toBe(1);
      expect(stderr).toMatch(/^conveyor: [^\n]*native part[^\n]*\n$/);
    });
  });

  test('that is not built yet says how to build it', async () => {
    await withTempDir(async (folder) => {
      await mkdir(join(folder, 'bin'));
      await copyFile(programFile(), join(folder, 'bin', 'conveyor.mjs'));
      const { status, stderr } = await runCommand(process.execPath, [join(folder, 'bin', 'conveyor.mjs'), '--version']);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^conveyor: a part is missing; 'npm run build' [^\n]*dist\/main\.js[^\n]*\n$/);
    });
  });
});

describe('Interruption', () => {
  test('a second signal within a second is the first one again; a later one ends the program', async () => {
    const clock = new ManualClock();
    using interruption = new Interruption(() => clock.nowMs());
    process.emit('SIGHUP', 'SIGHUP');
    expect(interruption.signal.aborted).toBe(true);
    process.emit('SIGINT', 'SIGINT');
    clock.advance(999);
    process.emit('SIGINT', 'SIGINT');
    expect(interruption.received).toBe('SIGHUP');

    // This process listens, too, and so survives what would have ended the program.
    const heard = new Promise((resolve) => process.prependOnceListener('SIGHUP', resolve));
    const listeners = process.listenerCount('SIGHUP');
    clock.advance(1);
    const own = process.listeners('SIGHUP').at(-1) as NodeJS.SignalsListener;
    own('SIGHUP');
    expect(process.listenerCount('SIGHUP')).toBe(listeners - 1);
    expect(await heard).toBe('SIGHUP');
  });
});
