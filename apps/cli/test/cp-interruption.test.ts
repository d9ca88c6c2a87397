import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Run, start } from './child.ts';

let folder: TempDir;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await tempDir();
  at = (name) => join(folder.path, name);
  await makeEndless(at('endless'));
});
afterEach(() => folder.remove());

/** The hidden file of a copy that is under way, once it holds that many bytes. */
function hiddenFile(inFolder: string, bytes: number): Promise<string> {
  return eventually(async () => {
    for (const name of await readdir(inFolder)) {
      if (/^\.conveyor-.*\.tmp$/.test(name) && (await stat(join(inFolder, name))).size >= bytes) return name;
    }
    return undefined;
  }, `a hidden file of ${bytes} bytes`);
}

async function startCopy(...options: string[]): Promise<Run> {
  const run = start(['cp', ...options, 'endless', 'copy'], { cwd: folder.path });
  await hiddenFile(folder.path, 1);
  return run;
}

describe('a copy that is ended', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s leaves the old file and nothing beside it, and has status %i', async (signal, status) => {
    await writeFile(at('copy'), 'old');
    const run = await startCopy();
    run.child.kill(signal);
    const stderr = `conveyor: ended by ${signal}: no file was copied\n`;
    expect(await run.ended).toEqual({ status, signal: null, stdout: '', stderr });
    expect((await readdir(folder.path)).sort()).toEqual(['copy', 'endless']);
    expect(await readFile(at('copy'), 'utf8')).toBe('old');
  });

  test('was never readable for more people than its source', async () => {
    await chmod(at('endless'), 0o600);
    const run = await startCopy();
    const { mode } = await stat(at(await hiddenFile(folder.path, 1)));
    run.child.kill('SIGINT');
    await run.ended;
    expect(mode & 0o777).toBe(0o600);
  });

  test('by Ctrl-C twice at once, as npx passes it on, is ended as well as by one', async () => {
    const run = await startCopy();
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ status: 130, signal: null });
    expect(await readdir(folder.path)).toEqual(['endless']);
  });

  test('tells in --json what ended it', async () => {
    const run = await startCopy('--json', '--checksum');
    run.child.kill('SIGTERM');
    const { status, stdout } = await run.ended;
    expect(status).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, interrupted: 'SIGTERM', files: 0, failed: 0, checksums: [] });
  });

  test('with others, leaves those whole that were copied before', async () => {
    await mkdir(at('tree/a'), { recursive: true });
    await mkdir(at('copy'));
    await writeFile(at('tree/a/small'), 'small');
    await makeEndless(at('tree/z'));
    const run = start(['cp', '-r', '-j', '4', 'tree', 'copy'], { cwd: folder.path });
    await eventually(() => exists(at('copy/tree/a/small')), 'the small file');
    await hiddenFile(at('copy/tree'), 1);
    run.child.kill('SIGINT');
    const { status, stderr } = await run.ended;
    expect(status).toBe(130);
    expect(stderr).toBe('conveyor: ended by SIGINT: 1 file was copied, the rest was not\n');
    expect((await readdir(at('copy'), { recursive: true })).sort()).toEqual(['tree', 'tree/a', 'tree/a/small']);
    expect(await readFile(at('copy/tree/a/small'), 'utf8')).toBe('small');
  });
});

test('memory stays bounded, however large the file', async () => {
  const run = await startCopy('--write-capacity', '8MiB', '--read-capacity', '8MiB');
  await hiddenFile(folder.path, 256 << 20);
  const status = await readFile(`/proc/${run.child.pid}/status`, 'utf8');
  run.child.kill('SIGINT');
  expect((await run.ended).stderr, 'no bar').toBe('conveyor: ended by SIGINT: no file was copied\n');
  const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  expect(peakKib).toBeGreaterThan(0);
  expect(peakKib).toBeLessThan(180 * 1024);
});

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A hole: it takes no room, and copying it would take hours. */
async function makeEndless(path: string): Promise<void> {
  await writeFile(path, '');
  await truncate(path, 2 ** 40);
}
