import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requireCoreProgram } from '../src/core-program.ts';
import { reportSchema } from '../src/report.ts';

const sources = fileURLToPath(new URL('../src', import.meta.url));
const register = pathToFileURL(createRequire(import.meta.url).resolve('@libconveyor/testkit/register')).href;
const deadlineMs = 100_000;

let folder: TempDir;

beforeEach(async () => {
  folder = await tempDir();
});
afterEach(() => folder.remove());

function launch(program: 'main.ts' | 'start.ts', ...args: string[]) {
  const options = ['--conditions=@libconveyor/source', '--import', register, join(sources, program), ...args];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnvironment() });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
    });
  }
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...output }));
  });
  return { child, ended: withDeadline(ended, `${program} ${args.join(' ')}`, deadlineMs) };
}

function plainEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...environment } = process.env;
  return environment;
}

describe('conveyor-bench', () => {
  test.each([
    [['--suite', 'gpu'], 'conveyor-bench: --suite gpu: there are core, node, lock, s3\n'],
    [['--dir', '/nowhere'], 'conveyor-bench: /nowhere cannot be used: it does not exist\n'],
    [['--json', '/nowhere/x.json'], 'conveyor-bench: --json /nowhere/x.json: its directory does not exist, or is'],
  ])('%j: one line, exit code 2', async (args, complaint) => {
    const { code, stdout, stderr } = await launch('main.ts', '--suite', 'node', ...args).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.startsWith(complaint)).toBe(true);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('--list and --help', async () => {
    const [list, help] = await Promise.all([launch('main.ts', '--list').ended, launch('main.ts', '--help').ended]);
    expect([list.code, help.code]).toEqual([0, 0]);
    expect(list.stdout).toContain(
      'write-4k: Sequential 4 KiB writes, final flush included\n  must reach: at least 1.5',
    );
    expect(help.stdout).toMatch(/^Usage: conveyor-bench/);
  });

  test(
    'a quick run proves every byte of every side, says so in the report, and leaves nothing behind',
    async (context) => {
      if (!isCoreBuilt()) context.skip('core_bench is not built: npm run build');
      const file = join(folder.path, 'report.json');
      // The lock's workloads have a test of their own: each of their processes starts through the loader.
      const suites = ['--suite', 'core', '--suite', 'node'];
      const args = ['--quick', ...suites, '--dir', folder.path, '--json', file];
      const { code, stdout, stderr } = await launch('main.ts', ...args).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/Sequential 4 KiB writes[\s\S]+Open idle handles[\s\S]+Node: 4 KiB reads/);

      const report = v.parse(reportSchema, JSON.parse(await readFile(file, 'utf8')));
      await rm(file);
      expect(await readdir(folder.path)).toEqual([]);
      expect(new Set(report.results.map(({ workload }) => workload)).size).toBe(report.parameters.workloads.length);
      for (const result of report.results) {
        if (result.kind !== 'timed') continue;
        const { samples, bytes } = result;
        expect(samples.map(({ verifiedBytes }) => verifiedBytes)).toEqual(samples.map(() => bytes));
        expect(result.ratio?.pairs).toBe(report.parameters.rounds);
      }
    },
    deadlineMs,
  );

  test('Ctrl-C ends a run within its case and leaves nothing behind', async () => {
    const args = ['--suite', 'node', '--repeat', '1000', '--dir', folder.path];
    const { child, ended } = launch('main.ts', ...args);
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe('npm start', () => {
  test('its first line says that it repeats, and how to end it; Ctrl-C is a good end', async (context) => {
    if (!isCoreBuilt()) context.skip('core_bench is not built: npm run build');
    const { child, ended } = launch('start.ts', '--interval', '7', '--dir', folder.path);
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe('conveyor: a short bench, then a copy of real files; every 7 s until Ctrl-C');
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('wrong arguments: one line, exit code 2', async () => {
    const { code, stdout, stderr } = await launch('start.ts', '--twice').ended;
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: "npm start: Unknown option '--twice'\n" });
  });
});

function isCoreBuilt(): boolean {
  try {
    return existsSync(requireCoreProgram());
  } catch {
    return false;
  }
}
