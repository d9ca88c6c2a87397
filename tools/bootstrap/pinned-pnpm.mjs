import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { run } from './child.mjs';
import { Complaint } from './complaint.mjs';
import { buildRoot, root } from './places.mjs';

/** What the registry must deliver for the version in `packageManager`; a version without its line is refused. */
const integrityOf = {
  '10.34.9': 'sha512-9JtajqD97bRLs8DB1ldQkqU8KVDZW3rRXfEfF5dId6LeOgHAfpNOmyjOcW5RwJqUlixzBtCb4uHksYqMh2L9Mg==',
};

/** The version that the top package.json pins. */
export function pinnedVersion() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return packageManager.replace(/^pnpm@/, '');
}

const folderOf = (version) => join(buildRoot, 'pnpm', version);

/** Whether the pinned pnpm has been fetched. */
export function pnpmIsHere() {
  const version = pinnedVersion();
  return installedIntegrity(folderOf(version)) === (integrityOf[version] ?? 'none pinned');
}

/**
 * Makes the pinned pnpm available inside `.build/pnpm` and leaves the machine as it is. Without network after the
 * first call.
 *
 * Errors: a {@link Complaint} when it has to be fetched and cannot be, or when what came is not what is pinned.
 *
 * @returns {Promise<string>} The script to run with Node.
 */
export async function ensurePnpm() {
  const version = pinnedVersion();
  const folder = folderOf(version);
  const script = join(folder, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs');
  if (pnpmIsHere()) return script;

  // Fetched beside its place and moved in at the end: an interrupted or parallel first run leaves no half copy.
  const arriving = `${folder}.${process.pid}`;
  rmSync(arriving, { recursive: true, force: true });
  mkdirSync(arriving, { recursive: true });
  try {
    await fetchInto(arriving, version);
    if (!pnpmIsHere()) {
      rmSync(folder, { recursive: true, force: true });
      moveUnlessThere(arriving, folder);
    }
  } finally {
    rmSync(arriving, { recursive: true, force: true });
  }
  return script;
}

function moveUnlessThere(source, target) {
  try {
    renameSync(source, target);
  } catch (error) {
    // Another run's copy arrived between the check and the move; it passed the same checks.
    if (!pnpmIsHere()) throw error;
  }
}

async function fetchInto(folder, version) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const patience = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...patience];
  const env = withoutNpmState(process.env);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { code, output } = await run(npm, [...args, `pnpm@${version}`], { cwd: folder, env, capture: true });
  if (code !== 0) {
    throw new Complaint(
      `pnpm ${version} is needed once and could not be fetched with npm (exit code ${code}).\n` +
        'Connect this machine to the network (or point npm at a registry it can reach) and run the command again;\n' +
        `afterwards no network is needed. What npm said:\n${indent(output)}`,
    );
  }
  const found = installedIntegrity(folder);
  if (found !== integrityOf[version]) {
    throw new Complaint(
      `pnpm ${version} arrived with integrity ${found}, but ${integrityOf[version] ?? 'none'} is pinned\n` +
        'in tools/bootstrap/pinned-pnpm.mjs. Nothing of it has been run.',
    );
  }
}

/** What npm verified the tarball against, or undefined where nothing is installed. */
function installedIntegrity(folder) {
  try {
    const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'));
    return lock.packages['node_modules/pnpm'].integrity;
  } catch {
    return undefined;
  }
}

/**
 * The environment of a pnpm child. `npm start` hands down itself and its options in `npm_*` variables; another package
 * manager would take them for its own, and keep silent after `npm --silent test`. The pinned pnpm comes first in PATH,
 * so that scripts which call `pnpm` get it too.
 *
 * @param {string} script From {@link ensurePnpm}.
 */
export function pnpmEnvironment(script) {
  const bin = join(dirname(script), '..', '..', '.bin');
  return { ...withoutNpmState(process.env), PATH: `${bin}${delimiter}${process.env.PATH}` };
}

/** How a registry is reached and where caches lie: the settings of npm that are the machine's and not the run's. */
const machineSettings = new RegExp(
  '^npm_config_(?:.*registry|.*auth.*|noproxy|(?:https?_)?proxy|ca|cafile|cert|key|strict_ssl' +
    '|(?:user|global)config|cache|store_dir)$',
);

function withoutNpmState(env) {
  const isState = (name) => name.startsWith('npm_') && !machineSettings.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isState(name.toLowerCase())));
}

const indent = (text) => text.trimEnd().replace(/^/gm, '  ');

/**
 * Runs the pinned pnpm in the repository.
 *
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function pnpm(args, options = {}) {
  const script = await ensurePnpm();
  const env = { ...pnpmEnvironment(script), ...options.env };
  return run(process.execPath, [script, ...args], { cwd: root, ...options, env });
}
