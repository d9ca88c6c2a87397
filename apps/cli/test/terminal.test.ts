import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { programEnvironment, programFile } from './child.ts';
import { runCommand } from './command.ts';

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder.remove());

/**
 * Runs `conveyor cp` on a terminal of its own.
 *
 * @param onText Gets everything shown so far, and a way to type.
 */
async function onTerminal(
  context: TestContext,
  args: readonly string[],
  onText: (shown: string, type: (keys: string) => void) => void,
): Promise<{ status: number; shown: string }> {
  if ((await runCommand('script', ['--version'])).status !== 0) context.skip('script(1) is not installed');
  const command = ['stty cols 90;', 'exec', process.execPath, programFile(), 'cp', ...args].map(shellWord).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: folder.path,
    env: { ...programEnvironment(), TERM: 'xterm', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    onText(shown, (keys) => child.stdin.write(keys));
  });
  const [status] = (await withDeadline(once(child, 'close'), 'the end of a terminal', 25_000)) as [number];
  return { status, shown };
}

function shellWord(word: string): string {
  return /^(exec|stty cols \d+;)$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A hole: it takes no room, and copying it would take hours. */
async function makeEndless(path: string): Promise<void> {
  await writeFile(path, '');
  await truncate(path, 2 ** 40);
}

describe('on a terminal', () => {
  test('a bar is drawn until Ctrl-C, which leaves a summary, one line, and no file', async (context) => {
    await makeEndless(at('endless'));
    let typed = false;
    const { status, shown } = await onTerminal(context, ['endless', 'copy'], (text, type) => {
      if (typed || !/ left/.test(text)) return;
      typed = true;
      type('\x03');
    });
    expect(status).toBe(130);
    expect(shown).toMatch(/░ {3}\d % {2}\d+ \S+ \/ 1\.0 TiB {2}[\d.]+ \S+\/s {2}[\d:]+ left/);
    const end =
      /0 files, [\d.]+ \S+ in [\d.]+ s \([\d.]+ \S+\/s\)\r\nconveyor: ended by SIGINT: no file was copied\r\n$/;
    expect(shown).toMatch(end);
    expect(await readdir(folder.path)).toEqual(['endless']);
  });

  test('--no-progress shows nothing but lines, and a short copy shows nothing at all', async (context) => {
    await writeFile(at('small'), 'x');
    const quiet = await onTerminal(context, ['--no-progress', 'small', 'copy'], () => undefined);
    expect(quiet).toEqual({ status: 0, shown: '' });
  });

  test('lines stay legible between bars', async (context) => {
    await mkdir(at('tree'));
    await makeEndless(at('tree/endless'));
    await runCommand('mkfifo', [at('tree/pipe')]);
    let typed = false;
    const { shown } = await onTerminal(context, ['-r', 'tree', 'copy'], (text, type) => {
      if (typed || !/ left/.test(text)) return;
      typed = true;
      type('\x03');
    });
    const lines = shown.split('\r\n').map((line) => line.slice(line.lastIndexOf('\x1b[K') + 1).replace('[K', ''));
    expect(lines).toContain("conveyor: 'tree/pipe' is a pipe, a socket or a device, not a regular file; not copied");
    expect(lines).toContain('conveyor: ended by SIGINT: no file was copied');
  });
});
