import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isCaught, testPrograms } from '../programs.mjs';
import { runPrograms } from '../run-programs.mjs';

let folder: string;

beforeEach(() => {
  printed = [];
  folder = mkdtempSync(join(tmpdir(), 'conveyor native '));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function program(path: string, script = ''): void {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

let printed: string[];

/** Runs what the folder holds, as a preset that must catch some kinds of canary. */
const runAll = (catches: string[] = [], args: string[] = []): ReturnType<typeof runPrograms> =>
  runPrograms(preset(catches), { args, print: (text: string) => printed.push(text) });

const preset = (catches: string[] = []): Parameters<typeof runPrograms>[0] => ({
  source: folder,
  build: folder,
  settings: {},
  environment: { CANARY: 'set' },
  catches,
});

test('programs are sorted into tests, stress tests and canaries', () => {
  for (const path of ['test/ring_test', 'deep/er/a_test', 'test/pool_stress_test', 'test/canary_race_flag'])
    program(path);
  program('CMakeFiles/left_over_test');
  program('test/ring_test.cpp');
  writeFileSync(join(folder, 'test/data_test'), 'not a program', { mode: 0o644 });
  const { tests, stress, canaries } = testPrograms(folder);
  expect(tests.map((path: string) => basename(path))).toEqual(['a_test', 'ring_test']);
  expect(stress.map((path: string) => basename(path))).toEqual(['pool_stress_test']);
  expect(canaries.map((path: string) => basename(path))).toEqual(['canary_race_flag']);
});

test('a canary is caught by the right report and a failing end only', () => {
  const report = 'WARNING: ThreadSanitizer: data race (pid=1)';
  expect(isCaught('test/canary_race_flag', { code: 66, output: report })).toBe(true);
  expect(isCaught('test/canary_race_flag', { code: 0, output: report })).toBe(false);
  expect(isCaught('test/canary_race_flag', { code: 139, output: 'Segmentation fault' })).toBe(false);
  expect(isCaught('test/canary_heap_read', { code: 1, output: report })).toBe(false);
  expect(isCaught('test/canary_heap_read', { code: 1, output: '==1==ERROR: AddressSanitizer: heap-use' })).toBe(true);
  expect(isCaught('test/canary_ub_shift', { code: 1, output: 'a.cpp:1:1: runtime error: shift' })).toBe(true);
  expect(isCaught('test/canary_other', { code: 1, output: report })).toBe(false);
});

test('everything that was built runs, with the environment of the preset', async () => {
  program('a_test', 'test "$CANARY" = set && echo 2 passed, 0 failed, 1 skipped');
  program('b_stress_test', 'echo "$CONVEYOR_TEST_ITERATIONS passed, 0 failed, 0 skipped"');
  program('canary_race_flag', 'echo WARNING: ThreadSanitizer: data race; exit 66');
  expect(await runAll()).toEqual({ passed: 7, failed: 0, skipped: 1 });
  expect(await runAll(['race'])).toEqual({ passed: 8, failed: 0, skipped: 1 });
});

test('a canary that survives, and one that was not built, are failures', async () => {
  program('a_test', 'echo 1 passed, 0 failed, 0 skipped');
  program('canary_race_flag', 'exit 0');
  expect(await runAll(['race', 'heap'])).toEqual({ passed: 1, failed: 2, skipped: 0 });
  expect(printed.filter((text) => text.startsWith('FAIL'))).toEqual([
    expect.stringMatching(/canary_race_flag ended with 0/),
    'FAIL there is no canary_heap_* program',
  ]);
});

test('a program that crashes after its tests is a failure', async () => {
  program('a_test', 'echo 3 passed, 0 failed, 0 skipped; exit 66');
  expect(await runAll()).toEqual({ passed: 3, failed: 1, skipped: 0 });
});

test('a filter may leave some programs without a test', async () => {
  program('a_test', 'test "$1 $2" = "--filter w1" && echo 1 passed, 0 failed, 0 skipped');
  program('b_test', 'echo 0 passed, 0 failed, 0 skipped; exit 1');
  expect(await runAll(['race'], ['--filter', 'w1'])).toEqual({ passed: 1, failed: 0, skipped: 0 });
});
