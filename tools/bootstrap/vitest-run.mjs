import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run as runProgram } from './child.mjs';
import { buildRoot, root } from './places.mjs';
import { nothing } from './tally.mjs';
import { runTool } from './tool.mjs';

const config = join('tools', 'config', 'vitest.root.ts');
const rgwConfig = join('tools', 'ceph', 'vitest.rgw.ts');
/** What tools/ceph/run.mjs ends with where the server is not installed. */
const notInstalled = 77;

/**
 * Runs the vitest tests of every package.
 *
 * @returns {Promise<{tally: import('./tally.mjs').Tally, output: string}>} `output` has a `SKIP` line for each test
 *   that was skipped.
 */
export function runVitest() {
  const run = (args, options) => runTool('vitest', args, options);
  return runAndCount('vitest.json', ['--config', config], run);
}

/**
 * Runs the tests that need a real S3 server, beside one (tools/ceph). Where it is not installed, they count as one that
 * was skipped. Returns what {@link runVitest} returns.
 */
export async function runOnRgw() {
  const program = join(root, 'tools', 'ceph', 'run.mjs');
  const vitest = join(root, 'node_modules', '.bin', 'vitest');
  let isMissing = false;
  const run = async (args, { capture, env }) => {
    const all = [program, '--', vitest, ...args];
    const outcome = await runProgram(process.execPath, all, { cwd: root, capture, env: { ...process.env, ...env } });
    isMissing = outcome.code === notInstalled;
    return outcome;
  };
  const outcome = await runAndCount('rgw.json', ['--config', rgwConfig], run);
  return isMissing ? { ...outcome, tally: { ...nothing, skipped: 1 } } : outcome;
}

async function runAndCount(name, settings, run) {
  const report = join(buildRoot, 'reports', name);
  mkdirSync(join(buildRoot, 'reports'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { NO_COLOR: '1', CI: 'true' };
  const outcome = await run(['run', ...settings, ...reporters], { capture: true, env });
  return tallyOfReport(readReport(report), outcome);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Counts what vitest's JSON report says. A file that could not be loaded, an error outside of the tests, or a missing
 * report is a failure of its own.
 *
 * @param {any} report undefined where vitest wrote none.
 * @param {{code: number, output: string}} outcome
 */
export function tallyOfReport(report, { code, output }) {
  if (!report) return { tally: { ...nothing, failed: 1 }, output };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const isSkipped = (test) => ['skipped', 'pending', 'todo', 'disabled'].includes(test.status);
  const tally = {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: tests.filter((test) => test.status === 'failed').length + unloaded.length,
    skipped: tests.filter(isSkipped).length,
  };
  const ranNothing = tests.length === 0 && unloaded.length === 0;
  if ((code !== 0 && tally.failed === 0) || ranNothing) tally.failed += 1;
  const skips = tests.filter(isSkipped).map((test) => `SKIP ${test.fullName}${noteOf(test)}\n`);
  return { tally, output: output + skips.join('') };
}

/** The reason given to `context.skip(reason)`, where the report carries it. */
function noteOf(test) {
  const note = test.meta?.skipReason ?? test.note;
  return note ? `: ${note}` : '';
}
