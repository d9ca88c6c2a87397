#!/usr/bin/env node
// Runs the native stress tests round after round, each round with a random seed, a random number of CPUs and a random
// size of the worker pool: `ITERATIONS=500 SEED=1 node tools/native/stress.mjs [--preset release|tsan|asan]`.
import { basename } from 'node:path';
import { Complaint, runMain } from '../bootstrap/complaint.mjs';
import { checkMachine, findProgram } from '../bootstrap/machine.mjs';
import { closingLine, sum, tallyOf } from '../bootstrap/tally.mjs';
import { readArguments } from './arguments.mjs';
import { build } from './cmake.mjs';
import { allowedCpus } from './cpus.mjs';
import { testPrograms } from './programs.mjs';
import { roundsOf } from './rounds.mjs';
import { launch } from './run-programs.mjs';

const progressEvery = 25;

await runMain(async () => {
  const { preset } = readArguments();
  await checkMachine({ needsNpm: false });
  await build(preset);
  const { stress } = testPrograms(preset.build);
  if (stress.length === 0) throw new Complaint(`No *_stress_test program was built below ${preset.build}.`);

  const count = wholeNumber('ITERATIONS', 500);
  const seed = wholeNumber('SEED', Math.floor(Math.random() * 2 ** 32));
  const cpus = findProgram('taskset') ? allowedCpus() : [];
  if (cpus.length === 0) console.log('taskset is not in PATH: every round uses all CPUs');
  console.log(`${count} rounds of ${stress.map((path) => basename(path)).join(', ')}; again: SEED=${seed}`);

  const tallies = [];
  for (const round of roundsOf({ count, seed, cpus })) {
    for (const path of stress) {
      const env = { ...process.env, ...preset.environment, ...round.env };
      const outcome = await launch(path, { prefix: round.prefix, env });
      tallies.push(tallyOf(outcome));
      if (tallies.at(-1).failed === 0) continue;
      process.stdout.write(outcome.output);
      console.log(`FAIL round ${round.number} ended with ${outcome.code}; again:\n  ${replay(path, round)}`);
      console.log(closingLine(sum(tallies)));
      return 1;
    }
    if (round.number % progressEvery === 0) console.log(`round ${round.number} of ${count}`);
  }
  console.log(closingLine(sum(tallies)));
  return 0;
});

function wholeNumber(name, otherwise) {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) throw new Complaint(`${name}=${text} is not a positive number.`);
  return Number(text);
}

function replay(path, { env, prefix }) {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ['env', ...settings, ...prefix, `'${path}'`].join(' ');
}
