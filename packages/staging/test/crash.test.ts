import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { StagingManager } from '../src/index.ts';
import { readBytes, ScriptedSource } from './scripted-source.ts';

const program = fileURLToPath(new URL('staging-process.ts', import.meta.url));
const loader = new URL('../../testkit/loader/register.mjs', import.meta.url).href;

/** A process that stages until it is killed. */
class StagingProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  /** Its slot. */
  path = '';

  private constructor(dir: string, value: number) {
    const args = ['--conditions=@libconveyor/source', '--import', loader, program, dir, String(value)];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    this.#lines = createInterface({ input: this.#child.stdout as never })[Symbol.asyncIterator]();
  }

  static async start(dir: TempDir, value: number): Promise<StagingProcess> {
    const started = new StagingProcess(dir.path, value);
    started.path = await started.#answer();
    return started;
  }

  async tell(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.#answer();
  }

  async exit(): Promise<void> {
    this.#child.stdin?.write('exit\n');
    await withDeadline(this.#ended, 'the end of a staging process');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await withDeadline(this.#ended, 'the end of a staging process');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #answer(): Promise<string> {
    const { value, done } = await withDeadline(this.#lines.next(), 'a line of a staging process', 20_000);
    if (done) throw new Error('the staging process has ended');
    return value;
  }
}

test('lesson_33: what a killed process left is removed at the next start, a living one keeps its own', async () => {
  await using dir = await tempDir();
  await using living = await StagingProcess.start(dir, 1);
  const killed = await StagingProcess.start(dir, 2);
  const later = await StagingProcess.start(dir, 3);
  expect([living, killed, later].map(({ path }) => basename(path))).toEqual(['slot-0', 'slot-1', 'slot-2']);
  await killed.kill();
  await later.kill();
  expect(await readdir(killed.path)).toHaveLength(2);
  {
    await using manager = await StagingManager.open({ dir: dir.path });
    expect(basename(manager.path)).toBe('slot-1');
    expect(await readdir(manager.path)).toEqual([]);
    expect(manager.statistics.slotsCleaned).toBe(2);
    await expect(readdir(later.path)).rejects.toMatchObject({ code: 'ENOENT' });
    const file = await manager.stage(new ScriptedSource(new Uint8Array(1000).fill(4)));
    expect(await readBytes(file, 0, 1000)).toEqual(Buffer.alloc(1000, 4));
    // The living one has lost nothing, on the disk and to its readers.
    expect(await readdir(living.path)).toHaveLength(2);
    expect(await living.tell('read')).toBe('right');
    // Neither has this one, when the next starts beside it.
    await using next = await StagingProcess.start(dir, 5);
    expect(basename(next.path)).toBe('slot-2');
    expect(await readBytes(file, 0, 1000)).toEqual(Buffer.alloc(1000, 4));
  }
  expect((await readdir(dir.path)).sort()).toEqual(
    ['slot-0', 'slot-0.dir.lock', 'slot-1.dir.lock', 'slot-2', 'slot-2.dir.lock'].sort(),
  );
}, 90_000);

test('T6: a process that ends without closing leaves no file', async () => {
  await using dir = await tempDir();
  const process = await StagingProcess.start(dir, 1);
  await process.exit();
  expect(await readdir(dir.path)).toEqual(['slot-0.dir.lock']);
}, 60_000);

test('T6: clean-up touches slots only, and follows no link', async () => {
  await using dir = await tempDir();
  await using other = await tempDir();
  await writeFile(join(other.path, 'precious.tmp'), 'bytes');
  await mkdir(join(dir.path, 'mine'));
  await writeFile(join(dir.path, 'mine', '1.tmp'), 'bytes');
  await symlink(other.path, join(dir.path, 'slot-1'));
  await symlink(other.path, join(dir.path, 'slot-0'));
  await using manager = await StagingManager.open({ dir: dir.path });
  expect(await readdir(other.path)).toEqual(['precious.tmp']);
  expect(await readdir(join(dir.path, 'mine'))).toEqual(['1.tmp']);
  expect(basename(manager.path)).toBe('slot-0');
});

test('T6: a directory that everybody can write to is refused', async () => {
  await using dir = await tempDir();
  await chmod(dir.path, 0o777);
  await expect(StagingManager.open({ dir: dir.path })).rejects.toMatchObject({ code: 'EACCES' });
  await using below = await StagingManager.open({ dir: `${dir.path}/file` }); // made with mode 0700
  expect(basename(below.path)).toBe('slot-0');
  await writeFile(`${dir.path}/no-directory`, '');
  await expect(StagingManager.open({ dir: `${dir.path}/no-directory` })).rejects.toMatchObject({ code: 'EEXIST' });
});

test('T6: managers of one process share its slot', async () => {
  await using dir = await tempDir();
  const first = await StagingManager.open({ dir: dir.path });
  const second = await StagingManager.open({ dir: `${dir.path}/.` });
  expect(second.path).toBe(first.path);
  await first.close();
  const file = await second.stage(new ScriptedSource(new Uint8Array(10).fill(1)));
  expect(await readBytes(file, 0, 100)).toEqual(Buffer.alloc(10, 1));
  await second.close();
  expect(await readdir(dir.path)).toEqual(['slot-0.dir.lock']);
});

test('T6: options that make no sense are refused, and nothing is made', async () => {
  await using dir = await tempDir();
  const wrong = [{ dir: 5 }, { budget: -1 }, { budget: 1.5 }, { rangeBytes: 0 }, { stallMs: '1' }, { directory: 'x' }];
  for (const options of wrong) {
    await expect(StagingManager.open({ dir: dir.path, ...options } as never)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_CONVEYOR_/),
    });
  }
  expect(await readdir(dir.path)).toEqual([]);
  await using manager = await StagingManager.open({ dir: dir.path });
  const stage = (source: unknown, options?: object) => manager.stage(source as never, options);
  await expect(stage('http://x')).rejects.toThrow(TypeError);
  await expect(stage(new ScriptedSource(new Uint8Array(1)), { size: -1 })).rejects.toThrow(RangeError);
  const file = await stage(new ScriptedSource(new Uint8Array(1)));
  await expect(file.readAt('x' as never, 0)).rejects.toThrow(TypeError);
  await expect(file.readAt(Buffer.alloc(1), -1)).rejects.toThrow(RangeError);
  await expect(file.readAt(Buffer.alloc(1), 0, 'x' as never)).rejects.toThrow(TypeError);
  expect(await file.readAt(Buffer.alloc(0), 0)).toBe(0);
});
