import { basename } from 'node:path';
import { run } from '../bootstrap/child.mjs';
import { findProgram } from '../bootstrap/machine.mjs';
import { nothing, readClosingLine, sum, tallyOf } from '../bootstrap/tally.mjs';
import { canaryKind, isCaught, testPrograms } from './programs.mjs';

/** What one program may take in all; its single tests have shorter deadlines inside. */
const deadlineMs = 20 * 60_000;

/** Rounds of a stress test in a normal run, as strings for the environment; `stress` asks for more. */
const shortStress = { CONVEYOR_TEST_ITERATIONS: '5' };

/**
 * Runs everything that a preset built: tests, stress tests for a few rounds, and the canaries that it must catch.
 *
 * @param {import('./presets.mjs').Preset} preset
 * @param {object} [options]
 * @param {string[]} [options.args] For the test programs (`--filter`); canaries are left out then.
 * @param {(text: string) => void} [options.print] Takes each program's output, and lines about it.
 * @returns {Promise<import('../bootstrap/tally.mjs').Tally>} A canary counts as one test.
 */
export async function runPrograms(preset, { args = [], print = console.log } = {}) {
  const { tests, stress, canaries } = testPrograms(preset.build);
  const prefix = await steadyAddresses(preset);
  const tallies = [];
  for (const path of tests) tallies.push(await runTest(path, { args, prefix, print, env: preset.environment }));
  for (const path of stress) {
    tallies.push(await runTest(path, { args, prefix, print, env: { ...shortStress, ...preset.environment } }));
  }
  const kinds = args.length === 0 ? preset.catches : [];
  for (const kind of kinds) {
    const due = canaries.filter((path) => canaryKind(path) === kind);
    for (const path of due) tallies.push(await runCanary(path, { prefix, print, env: preset.environment }));
    if (due.length === 0) tallies.push(missCanary(kind, print));
  }
  return sum(tallies);
}

/** Without a canary nothing shows that the sanitizer is at work at all. */
function missCanary(kind, print) {
  print(`FAIL there is no canary_${kind}_* program`);
  return { ...nothing, failed: 1 };
}

/** Runs one test program. The environment of the caller wins over `env`. */
async function runTest(path, { args, prefix, print, env }) {
  print(`--- ${basename(path)}`);
  const outcome = await launch(path, { args, prefix, env: { ...env, ...process.env } });
  print(outcome.output.trimEnd());
  // A filter may leave a program without a test; the sum over all programs decides then.
  if (args.length > 0 && foundNothing(outcome.output)) return nothing;
  const tally = tallyOf(outcome);
  if (tally.failed > 0) print(`FAIL ${path} ended with ${outcome.code}`);
  return tally;
}

function foundNothing(output) {
  const said = readClosingLine(output);
  return said !== undefined && said.passed + said.failed + said.skipped === 0;
}

async function runCanary(path, { prefix, print, env }) {
  const outcome = await launch(path, { prefix, env: { ...process.env, ...env } });
  if (isCaught(path, outcome)) {
    print(`--- ${basename(path)}: caught`);
    return { ...nothing, passed: 1 };
  }
  print(`--- ${basename(path)}`);
  print(outcome.output.trimEnd());
  print(`FAIL ${path} ended with ${outcome.code}, but the sanitizer had to stop it with a report`);
  return { ...nothing, failed: 1 };
}

/**
 * Runs one test program to its end, or to the deadline.
 *
 * @param {string} path
 * @param {{args?: string[], prefix?: string[], env: NodeJS.ProcessEnv}} options `prefix`: a command that takes the
 *   program and its arguments as its own arguments.
 */
export function launch(path, { args = [], prefix = [], env }) {
  const [command, ...rest] = [...prefix, path, ...args];
  return run(command, rest, { capture: true, env, deadlineMs });
}

/**
 * ThreadSanitizer lays its shadow memory at fixed addresses and gives up where the kernel randomises more bits than
 * it expects; its programs run without randomisation where the machine allows that.
 */
async function steadyAddresses(preset) {
  const setarch = findProgram('setarch');
  if (preset.settings.CONVEYOR_SANITIZE !== 'thread' || !setarch) return [];
  const allowed = await run(setarch, ['-R', 'true'], { capture: true });
  return allowed.code === 0 ? [setarch, '-R'] : [];
}
