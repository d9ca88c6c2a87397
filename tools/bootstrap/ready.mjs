import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lackOf, presets } from '../native/presets.mjs';
import { run } from './child.mjs';
import { Complaint } from './complaint.mjs';
import { buildStamp, installFingerprint, packageFolders, sourceFingerprint, stampAt } from './fingerprint.mjs';
import { checkMachine, checkNode } from './machine.mjs';
import { pnpm, pnpmIsHere } from './pinned-pnpm.mjs';
import { root } from './places.mjs';
import { step } from './step.mjs';
import { runTool } from './tool.mjs';

/**
 * Brings a clone into the state in which programs and tests run: machine checked, packages installed, everything
 * built. Each part is skipped when nothing that it depends on has changed.
 *
 * Errors: a {@link Complaint} that names everything the machine lacks, or the step that failed with its output.
 */
export async function ensureReady() {
  await checkMachine({ needsNpm: !pnpmIsHere() });
  await ensureInstalled();
  await ensureBuilt();
}

/** Installs what package.json and the lockfile name. Needs no compiler. Errors: a {@link Complaint}. */
export async function ensureInstalled() {
  await checkNode({ needsNpm: !pnpmIsHere() });
  const stamp = stampAt(join(root, 'node_modules', '.conveyor-install'));
  const fingerprint = installFingerprint();
  if (stamp.matches(fingerprint)) return;
  stamp.clear();
  await step('install packages', install);
  stamp.write(fingerprint);
}

async function install() {
  const patience = ['--config.fetch-retry-mintimeout=1000', '--config.fetch-retry-maxtimeout=5000'];
  const args = ['install', '--frozen-lockfile', '--prefer-offline', ...patience];
  const { code, output } = await pnpm(args, { capture: true });
  if (code === 0) return;
  if (output.includes('ERR_PNPM_OUTDATED_LOCKFILE')) {
    throw new Complaint(
      'pnpm-lock.yaml does not match the package.json files. Run\n  node tools/bootstrap/pnpm.mjs install\n' +
        `and commit the lockfile. What pnpm said:\n${output}`,
    );
  }
  throw new Complaint(
    `The packages could not be installed (pnpm ended with ${code}). The first installation needs a network that\n` +
      `reaches an npm registry; later runs need none. What pnpm said:\n${output}`,
  );
}

/**
 * Builds the native code and every package, where something changed.
 *
 * Requires: the packages are installed. Errors: a {@link Complaint} with the output of the build that failed.
 */
export async function ensureBuilt() {
  const stamp = buildStamp('built');
  // What is optional may have come since.
  const fingerprint = `${sourceFingerprint()} ${lackOf(presets['fuse-addon']) ?? ''}`;
  if (stamp.matches(fingerprint) && everyPackageIsBuilt()) return;
  stamp.clear();
  await step('build native code', async () => {
    await buildNative('release', 'conveyor_shared', 'conveyor_static', 'core_bench', 'lock_bench');
    await buildNative('addon');
    await buildNative('file-lock-addon');
    const lack = lackOf(presets['fuse-addon']);
    if (lack === undefined) await buildNative('fuse-addon');
    else process.stderr.write(`note: the mount (packages/fuse) is not built: ${lack}\n`);
  });
  await step('build packages', async () => {
    const { code, output } = await runTool('nx', ['run-many', '-t', 'build'], { capture: true });
    if (code !== 0) throw new Complaint(output);
  });
  stamp.write(fingerprint);
}

/**
 * Builds a native preset (tools/native/build.mjs).
 *
 * Errors: a {@link Complaint} with the output of the build that failed.
 *
 * @param {string} preset
 * @param {string[]} targets All where none is named; the test programs are left out here.
 */
async function buildNative(preset, ...targets) {
  const driver = join(root, 'tools', 'native', 'build.mjs');
  const args = ['--preset', preset, ...targets.flatMap((target) => ['--target', target])];
  const { code, output } = await run(process.execPath, [driver, ...args], { cwd: root, capture: true });
  if (code !== 0) throw new Complaint(output);
}

/** Whether each package with a build has its output: `git clean` takes it away behind the stamp's back. */
function everyPackageIsBuilt() {
  const built = packageFolders().filter((folder) => existsSync(join(root, folder, 'tsup.config.ts')));
  return built.every((folder) => existsSync(join(root, folder, 'dist')));
}
