import { join } from 'node:path';
import { run } from './child.mjs';
import { Complaint } from './complaint.mjs';
import { buildRoot, root } from './places.mjs';
import { ensureBuilt } from './ready.mjs';
import { nothing, tallyOf } from './tally.mjs';
import { runTool } from './tool.mjs';
import { runOnRgw, runVitest } from './vitest-run.mjs';

/**
 * One part of the tests.
 *
 * @typedef {object} Suite
 * @property {string} name What the command line calls it.
 * @property {string} title
 * @property {boolean} [counts] It runs tests; the others only pass or fail.
 * @property {boolean} [isBuild] The later suites need its result.
 * @property {() => Promise<{tally: import('./tally.mjs').Tally, output: string}>} run
 */

/** A part that only passes or fails: a failure counts as one failed test, so that the sum cannot hide it. */
const verdict = ({ code, output }) => ({ tally: { ...nothing, failed: code === 0 ? 0 : 1 }, output });

async function native(preset) {
  const program = join(root, 'tools', 'native', 'test.mjs');
  const outcome = await run(process.execPath, [program, '--preset', preset], { cwd: root, capture: true });
  return { tally: tallyOf(outcome), output: outcome.output };
}

/** Installs the build that `native` made, and uses it as programs of others would. */
async function installed() {
  const program = join(root, 'packages', 'core', 'test', 'install', 'run.mjs');
  const outcome = await run(process.execPath, [program, join(buildRoot, 'release')], { cwd: root, capture: true });
  return { tally: tallyOf(outcome), output: outcome.output };
}

/** Uses the packages as they would come from a registry. */
async function packed() {
  const program = join(root, 'tools', 'native', 'packed.mjs');
  const outcome = await run(process.execPath, [program], { cwd: root, capture: true });
  return { tally: tallyOf(outcome), output: outcome.output };
}

async function build() {
  try {
    await ensureBuilt();
    return { tally: nothing, output: '' };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    return verdict({ code: 1, output: error.message });
  }
}

const lint = ['check', '--error-on-warnings', '--colors=off', '.'];
const typecheck = ['run-many', '-t', 'typecheck'];

/** In the order in which they run: what fails fast comes first. @type {Suite[]} */
export const suites = [
  { name: 'lint', title: 'lint', run: async () => verdict(await runTool('biome', lint, { capture: true })) },
  {
    name: 'typecheck',
    title: 'type check',
    run: async () => verdict(await runTool('nx', typecheck, { capture: true })),
  },
  { name: 'build', title: 'build', isBuild: true, run: build },
  { name: 'native', title: 'native tests', counts: true, run: () => native('release') },
  { name: 'install', title: 'the installed libraries in C and C++', counts: true, run: installed },
  { name: 'packed', title: 'the packed packages in an empty project', counts: true, run: packed },
  { name: 'vitest', title: 'TypeScript tests and tidy rules', counts: true, run: runVitest },
  { name: 'rgw', title: 'TypeScript tests on a real S3 server (Ceph RGW)', counts: true, run: runOnRgw },
  { name: 'tsan', title: 'native tests with ThreadSanitizer', counts: true, run: () => native('tsan') },
  { name: 'asan', title: 'native tests with AddressSanitizer and UBSan', counts: true, run: () => native('asan') },
];
