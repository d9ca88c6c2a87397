import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from '@libconveyor/conveyor';
import { spawnWorker, tempDir, withDeadline, withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { descriptorStorage } from './descriptor-storage.ts';

const writer = new URL('./writer.worker.ts', import.meta.url);
const loader = fileURLToPath(new URL('../../testkit/loader/register.mjs', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

async function startTask(task: string, folder: string) {
  const worker = spawnWorker(writer, { name: task, data: { task, folder } });
  expect(await worker.message()).toBe('there');
  return worker;
}

/** Runs a program of ours in a process of its own. */
async function runProgram(
  program: string,
  folder: string,
): Promise<{ code: number | null; signal: string | null; errors: string }> {
  const source = `
    import { open } from '@libconveyor/conveyor';
    import { MemoryStorage, withFaults } from '@libconveyor/storage';
    import { descriptorStorage } from './descriptor-storage.ts';
    const folder = ${JSON.stringify(folder)};
    ${program}`;
  const options = ['--conditions=@libconveyor/source', '--import', loader, '--input-type=module', '--eval', source];
  const child = spawn(process.execPath, options, { cwd: here, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const [code, signal] = await withDeadline(once(child, 'close'), 'the end of a process', 20_000);
  return { code, signal, errors };
}

describe('worker threads', () => {
  test('lesson_14: a worker that is terminated leaves no accepted byte of a descriptor behind', async () => {
    await withTempDir(async (folder) => {
      const worker = await startTask('accepted', folder);
      await worker.stop();
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('accepted before the end');
    });
  });

  test('lesson_14: bytes that a terminated worker keeps from its storage are reported', async () => {
    await withTempDir(async (folder) => {
      const program = `
        import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        const worker = new Worker(new URL(${JSON.stringify(writer.href)}), {
          workerData: { task: 'pending', folder: '' },
          execArgv: ['--conditions=@libconveyor/source', '--import', ${JSON.stringify(loader)}],
        });
        await once(worker, 'message');
        await worker.terminate();`;
      const { code, errors } = await runProgram(program, folder);
      expect(code).toBe(0);
      expect(errors).toMatch(/^conveyor: a handle was left open .* closing it failed: Input\/output error\n$/);
    });
  });

  test.each(['pending', 'closing', 'busy'])('F6: a worker is terminated in the middle (%s)', async (task) => {
    await withTempDir(async (folder) => {
      for (let round = 0; round < 3; round++) {
        const worker = await startTask(task, folder);
        await withDeadline(worker.stop(), `the end of a worker with operations ${task}`);
      }
    });
  });

  test('lesson_14: a worker that ends by itself with open handles lands their bytes first', async () => {
    await withTempDir(async (folder) => {
      const worker = await startTask('ending', folder);
      await worker.finished();
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('accepted before the end');
    });
  });

  test('C1: several threads have their own environments and the same engine', async () => {
    await using folder = await tempDir();
    await using mine = await open(descriptorStorage(folder.path), 'mine', 'w+');
    const workers = await Promise.all(['accepted', 'busy', 'ending'].map((task) => startTask(task, folder.path)));
    await mine.write('still here');
    await Promise.all(workers.map((worker) => worker.stop()));
    expect((await mine.read(Buffer.alloc(10), 0, 10, 0)).buffer.toString()).toBe('still here');
    await mine.flush();
  });
});

describe('processes', () => {
  test('lesson_14: a process that ends by itself lands what it accepted', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const handle = await open(descriptorStorage(folder), 'file', 'w', { maxDirtyMs: 60000 });
        await handle.write('the last words');
        globalThis.kept = handle;`;
      expect(await runProgram(program, folder)).toEqual({ code: 0, signal: null, errors: '' });
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('the last words');
    });
  });

  test('lesson_14: so it does on process.exit, as far as no JavaScript is needed for it', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const handle = await open(descriptorStorage(folder), 'file', 'w', { maxDirtyMs: 60000 });
        await handle.write('the last words');
        process.exit(3);`;
      expect(await runProgram(program, folder)).toEqual({ code: 3, signal: null, errors: '' });
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('the last words');
    });
  });

  test('lesson_14: bytes that process.exit keeps from a storage in JavaScript are reported', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const handle = await open(new MemoryStorage(), 'file', 'w', { maxDirtyMs: 60000 });
        await handle.write('lost');
        process.exit();`;
      const { code, errors } = await runProgram(program, folder);
      expect(code).toBe(0);
      expect(errors).toMatch(/^conveyor: bytes accepted for 'file' could not be stored: .*ECANCELED/);
    });
  });

  test('F8: an error that nobody asked about is a warning when the process ends', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const noSpace = { operation: 'write', fault: { kind: 'error', code: 'ENOSPC' } };
        const full = withFaults(new MemoryStorage(), [noSpace]);
        const handle = await open(full, 'file', 'w', { maxDirtyMs: 60000 });
        await handle.write('lost');
        globalThis.kept = handle;`;
      const { code, errors } = await runProgram(program, folder);
      expect(code).toBe(0);
      expect(errors).toMatch(/CONVEYOR_BYTES_LOST.*'file' could not be stored: .*ENOSPC/);
      expect(errors.match(/stored|failed/g)).toHaveLength(1);
    });
  });

  test('F9: an open handle without anything pending does not keep the process alive; a pending one does', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const idle = await open(descriptorStorage(folder), 'idle', 'w+');
        await idle.read(Buffer.alloc(1));
        globalThis.kept = idle;
        const storage = new MemoryStorage();
        let answer;
        const slow = Object.assign(Object.create(storage, { capabilities: { value: storage.capabilities } }), {
          open: async (...args) => Object.assign(await storage.open(...args), {
            size: () => new Promise((resolve) => { answer = resolve; }),
          }),
        });
        const handle = await open(slow, 'file', 'w+');
        handle.size().then((size) => process.exit(size));
        setTimeout(() => answer(7), 20).unref();
        const held = setInterval(() => {}, 1000);
        held.unref();`;
      expect(await runProgram(program, folder)).toEqual({ code: 7, signal: null, errors: '' });
    });
  });

  test('W6: limits of the process are set before the first handle, hold, and are EBUSY afterwards', async () => {
    await withTempDir(async (folder) => {
      const program = `
        const { configureRuntime } = await import('@libconveyor/conveyor');
        const codeOf = async (work) => { try { await work(); } catch (error) { return error.code; } };
        const codes = [
          await codeOf(() => configureRuntime({})),
          await codeOf(() => configureRuntime({ workerThreads: 0 })),
          await codeOf(() => configureRuntime({ threads: 2 })),
          await codeOf(() => configureRuntime({ workerThreads: 1, memoryBudget: 1 << 20 })),
          await codeOf(() => open(descriptorStorage(folder), 'file', 'w', { writeCapacityMax: 1 << 21 })),
        ];
        const handle = await open(descriptorStorage(folder), 'file', 'w');
        await handle.write('small');
        codes.push(await codeOf(() => configureRuntime({ workerThreads: 2 })));
        process._rawDebug(codes.join(' '));`;
      const expected = 'ERR_CONVEYOR_ARG_RANGE ERR_CONVEYOR_ARG_RANGE ERR_CONVEYOR_UNKNOWN_OPTION  EINVAL EBUSY\n';
      expect(await runProgram(program, folder)).toEqual({
        code: 0,
        signal: null,
        errors: expected,
      });
    });
  });
});
