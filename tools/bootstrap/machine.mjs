import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.mjs';
import { Complaint } from './complaint.mjs';
import { buildRoot } from './places.mjs';

/**
 * @typedef {object} Lack
 * @property {string} what What is missing, and what was found instead.
 * @property {string[]} packages Debian packages that provide it; empty where none does.
 */

const nodeMin = [20, 20];
const cmakeMin = [3, 22];
const probe = join(dirname(fileURLToPath(import.meta.url)), 'probe.cpp');

/** @typedef {{env?: NodeJS.ProcessEnv, needsNpm?: boolean, nodeVersion?: string}} Machine What to look at. */

/**
 * Makes sure that the machine has what building needs.
 *
 * Errors: one {@link Complaint} that names everything missing and the command that installs it.
 *
 * @param {Machine} [machine] `needsNpm`: pnpm is still to be fetched.
 */
export async function checkMachine(machine) {
  await check([lackOfNode, lackOfNpm, lackOfCompiler, lackOfCCompiler, lackOfCmake, lackOfMaker], machine);
}

/** As {@link checkMachine}, for what runs without native code. */
export async function checkNode(machine) {
  await check([lackOfNode, lackOfNpm], machine);
}

async function check(requirements, { env = process.env, needsNpm = true, nodeVersion = process.versions.node } = {}) {
  const lacks = [];
  for (const requirement of requirements) {
    const lack = await requirement({ env, needsNpm, nodeVersion });
    if (lack) lacks.push(lack);
  }
  if (lacks.length > 0) throw new Complaint(describe(lacks));
}

/** @param {Lack[]} lacks */
function describe(lacks) {
  const lines = ['This machine lacks what conveyor is built with:', ...lacks.map(({ what }) => `  - ${what}`)];
  const packages = [...new Set(lacks.flatMap((lack) => lack.packages))];
  if (packages.length > 0) {
    const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
    lines.push('Install it on Debian or Ubuntu with');
    lines.push(`  ${sudo}apt-get update && ${sudo}apt-get install -y ${packages.join(' ')}`);
    lines.push('and run the command again.');
  }
  return lines.join('\n');
}

function lackOfNode({ nodeVersion }) {
  if (atLeast(nodeVersion, nodeMin)) return undefined;
  const what = `Node.js ${nodeMin.join('.')} or newer: this is ${nodeVersion} (newer ones are at nodejs.org)`;
  return { what, packages: [] };
}

function lackOfNpm({ env, needsNpm }) {
  if (!needsNpm || findProgram('npm', env)) return undefined;
  return { what: 'npm: it is not in PATH (it comes with Node.js)', packages: ['npm'] };
}

async function lackOfCompiler({ env }) {
  const wanted = 'a C++20 compiler (g++ 11 or newer, or clang++ 14 or newer)';
  const packages = ['g++'];
  const names = env.CXX ? [env.CXX] : ['c++', 'g++', 'clang++'];
  const compiler = names.map((name) => findProgram(name, env)).find(Boolean);
  if (!compiler) {
    const looked = env.CXX ? `CXX is ${env.CXX}, which cannot be run` : `none of ${names.join(', ')} is in PATH`;
    return { what: `${wanted}: ${looked}`, packages };
  }
  const complaint = await compileProbe(compiler, env);
  if (complaint === undefined) return undefined;
  return { what: `${wanted}: ${compiler} does not compile C++20: ${complaint}`, packages };
}

function lackOfCCompiler({ env }) {
  const names = env.CC ? [env.CC] : ['cc', 'gcc', 'clang'];
  if (names.some((name) => findProgram(name, env))) return undefined;
  const looked = env.CC ? `CC is ${env.CC}, which cannot be run` : `none of ${names.join(', ')} is in PATH`;
  return { what: `a C compiler: ${looked}`, packages: ['gcc'] };
}

/** Compiles and runs {@link probe}, once per compiler. Resolves to what went wrong, or undefined. */
async function compileProbe(compiler, env) {
  const { size, mtimeMs } = statSync(realpathSync(compiler));
  const identity = [realpathSync(compiler), size, mtimeMs, readFileSync(probe, 'utf8')].join('\n');
  const key = createHash('sha256').update(identity).digest('hex');
  const stamp = join(buildRoot, 'machine', 'compiler');
  if (readOr(stamp, '') === key) return undefined;

  mkdirSync(dirname(stamp), { recursive: true });
  const folder = mkdtempSync(join(dirname(stamp), 'probe-'));
  try {
    const program = join(folder, 'probe');
    const args = ['-std=c++20', '-pthread', '-o', program, probe];
    const compiled = await run(compiler, args, { env, capture: true });
    if (compiled.code !== 0) return firstLine(compiled.output);
    const ran = await run(program, [], { env, capture: true });
    if (ran.code !== 0) return `a compiled program ends with ${ran.code}: ${firstLine(ran.output)}`;
    writeFileSync(stamp, key);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function lackOfCmake({ env }) {
  const wanted = `cmake ${cmakeMin.join('.')} or newer`;
  const packages = ['cmake'];
  const cmake = findProgram('cmake', env);
  if (!cmake) return { what: `${wanted}: it is not in PATH`, packages };
  const { output } = await run(cmake, ['--version'], { env, capture: true });
  const version = /version (\d+[\d.]*)/.exec(output)?.[1];
  if (version === undefined) return { what: `${wanted}: ${cmake} --version says ${firstLine(output)}`, packages };
  return atLeast(version, cmakeMin) ? undefined : { what: `${wanted}: ${cmake} is ${version}`, packages };
}

function lackOfMaker({ env }) {
  if (['ninja', 'make', 'gmake'].some((name) => findProgram(name, env))) return undefined;
  return { what: 'make or ninja: neither is in PATH', packages: ['make'] };
}

/**
 * The file that a command name stands for.
 *
 * @param {string} name A name to look up in PATH, or an absolute path.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function findProgram(name, env = process.env) {
  const folders = isAbsolute(name) ? [''] : (env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function atLeast(version, [major, minor]) {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

const firstLine = (text) =>
  text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim() ?? '(no output)';
