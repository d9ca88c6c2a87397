import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkMachine, findProgram } from '../machine.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conveyor machine '));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program in the folder that stands for the whole PATH. */
function program(name: string, script: string): void {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** The message about a machine whose PATH is the folder, or '' where nothing is missing. */
async function complaint(settings: object = {}): Promise<string> {
  try {
    await checkMachine({ env: { PATH: folder }, needsNpm: false, ...settings });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('everything missing is named at once, with the command that installs it', async () => {
  const message = await complaint({ needsNpm: true, nodeVersion: '18.20.4' });
  expect(message).toMatch(/Node\.js 20\.20 or newer: this is 18\.20\.4/);
  expect(message).toMatch(/npm: it is not in PATH/);
  expect(message).toMatch(/C\+\+20 compiler .*none of c\+\+, g\+\+, clang\+\+ is in PATH/);
  expect(message).toMatch(/cmake 3\.22 or newer: it is not in PATH/);
  expect(message).toMatch(/make or ninja: neither is in PATH/);
  expect(message).toMatch(/apt-get install -y npm g\+\+ gcc cmake make$/m);
});

test('what is there is not asked for', async () => {
  program('cmake', 'echo cmake version 3.25.1');
  program('ninja', '');
  program('cc', '');
  const message = await complaint();
  expect(message).toMatch(/apt-get install -y g\+\+$/m);
  expect(message).not.toMatch(/cmake|ninja|npm:/);
});

test('an old cmake is refused with its version', async () => {
  program('cmake', 'echo cmake version 3.18.4');
  expect(await complaint()).toMatch(/cmake 3\.22 or newer: .* is 3\.18\.4/);
});

test('a compiler that cannot do C++20 is refused with what it says', async () => {
  program('c++', 'echo "unrecognized option -std=c++20" >&2; exit 1');
  expect(await complaint()).toMatch(/does not compile C\+\+20: unrecognized option -std=c\+\+20/);
});

test('CXX decides when it is set', async () => {
  program('g++', 'exit 0');
  expect(await complaint({ env: { PATH: folder, CXX: 'no-such-compiler' } })).toMatch(/CXX is no-such-compiler/);
});

test('a folder with the name of a program is not one', () => {
  mkdirSync(join(folder, 'cmake'));
  expect(findProgram('cmake', { PATH: folder })).toBeUndefined();
});

test('this machine, which runs the tests, lacks nothing', async () => {
  expect(await complaint({ env: process.env })).toBe('');
});
