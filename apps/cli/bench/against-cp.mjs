#!/usr/bin/env node
// `pnpm --filter @libconveyor/cli bench [FOLDER [ROUNDS [MIB]]]`: `conveyor cp` beside coreutils' `cp` on the same file
// system, in turns, the source in the page cache. conveyor syncs each copy; so `cp` is also shown with a sync(1) of its
// copy.
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [parent = tmpdir(), rounds = '5', sizeMib = '1024'] = process.argv.slice(2);
const program = fileURLToPath(new URL('../bin/conveyor.js', import.meta.url));
const folder = mkdtempSync(join(parent, 'conveyor-bench-'));
const source = join(folder, 'source');
const copy = join(folder, 'copy');

const contestants = [
  { name: 'conveyor cp', commands: [[process.execPath, program, 'cp', source, copy]] },
  { name: 'conveyor cp --checksum', commands: [[process.execPath, program, 'cp', '--checksum', source, copy]] },
  { name: 'cp', commands: [['cp', '-p', source, copy]] },
  {
    name: 'cp, then sync',
    commands: [
      ['cp', '-p', source, copy],
      ['sync', copy],
    ],
  },
].map((contestant) => ({ ...contestant, seconds: [] }));

function run([command, ...args]) {
  const { status, error, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${error?.message ?? stderr}`);
}

function makeSource() {
  const file = openSync(source, 'w');
  for (let mib = 0; mib < Number(sizeMib); mib++) writeSync(file, randomFillSync(Buffer.alloc(1024 ** 2)));
  closeSync(file);
  run(['sync', source]);
}

function measure({ commands, seconds }) {
  // Once unmeasured: memory that a virtual machine has given back is slow at first use, whoever comes first.
  for (const command of commands) run(command);
  rmSync(copy);
  const begin = performance.now();
  for (const command of commands) run(command);
  seconds.push((performance.now() - begin) / 1000);
  rmSync(copy);
  run(['sync', folder]);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  makeSource();
  for (let round = 0; round < Number(rounds); round++) for (const contestant of contestants) measure(contestant);
  console.log(`${sizeMib} MiB, ${rounds} rounds in turns, ${folder}`);
  for (const { name, seconds } of contestants) {
    const [fastest, middle] = [Math.min(...seconds), median(seconds)];
    const rate = (Number(sizeMib) / fastest).toFixed(0).padStart(5);
    console.log(`${name.padEnd(24)} ${fastest.toFixed(2)} s (${rate} MiB/s) at best, median ${middle.toFixed(2)} s`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
