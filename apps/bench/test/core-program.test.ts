import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CoreProgramError, requireCoreProgram, runCoreProgram } from '../src/core-program.ts';
import { VerificationError } from '../src/samples.ts';

let folder: TempDir;

beforeEach(async () => {
  folder = await tempDir();
});
afterEach(() => folder.remove());

const never = new AbortController().signal;
const begin = { type: 'begin', workload: 'pwrite', bytes: 8192, block: 4096 };
const fields = { order: 0, cpuNs: 5, verifiedBytes: 8192, backendOperations: 0 };
const sample = { type: 'sample', side: 'conveyor', round: 1, ns: 10, ...fields };

/** A program that says these lines, then does what the shell is told. */
async function program(lines: readonly object[], ending = 'exit 0'): Promise<string> {
  const path = join(folder.path, 'core_bench');
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  await writeFile(path, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n${ending}\n`);
  await chmod(path, 0o755);
  return path;
}

test('samples come back as the program said them', async () => {
  const path = await program([begin, sample, { type: 'end' }]);
  const { type: _, ...expected } = sample;
  expect(await runCoreProgram([], never, path)).toEqual({
    bytes: 8192,
    operationBytes: 4096,
    samples: [expected],
    gauge: undefined,
  });
});

test('wrong bytes are an error of their own, whatever the program measured', async () => {
  const mismatch = { type: 'mismatch', offset: 17, message: 'wrong bytes at offset 17' };
  const path = await program([begin, sample, mismatch], 'exit 1');
  await expect(runCoreProgram([], never, path)).rejects.toThrow(new VerificationError('wrong bytes at offset 17'));
});

test('a program that fails, dies or stops too early has no figures', async () => {
  const failing = await program([begin, sample], 'echo "no space" >&2; exit 3');
  await expect(runCoreProgram([], never, failing)).rejects.toThrow('core_bench ended with 3: no space');
  const dying = await program([begin, sample, { type: 'end' }], 'kill -9 $$');
  await expect(runCoreProgram([], never, dying)).rejects.toThrow('core_bench ended with SIGKILL');
  const short = await program([begin, sample]);
  await expect(runCoreProgram([], never, short)).rejects.toThrow('did not come to its end');
});

test('lines of another version are refused', async () => {
  const stranger = await program([begin, { ...sample, speed: 9 }, { type: 'end' }]);
  await expect(runCoreProgram([], never, stranger)).rejects.toThrow(/do not fit together; build anew .*speed/);
});

test('an abort ends the program', async () => {
  const controller = new AbortController();
  const path = await program([begin], 'echo ready >&2; exec sleep 600');
  const running = runCoreProgram([], controller.signal, path);
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  await expect(runCoreProgram([], controller.signal, path)).rejects.toThrow('enough');
});

test('what is not built is named with the command that builds it', () => {
  const path = join(folder.path, 'none');
  expect(() => requireCoreProgram(path)).toThrow(CoreProgramError);
  expect(() => requireCoreProgram(path)).toThrow(`${path} is not there; 'npm run build'`);
});
