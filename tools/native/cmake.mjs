import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from '../bootstrap/child.mjs';
import { Complaint } from '../bootstrap/complaint.mjs';
import { findProgram } from '../bootstrap/machine.mjs';

/**
 * Configures a preset where that is due and builds it. CMake's own output goes to standard output.
 *
 * Errors: a {@link Complaint} when CMake fails.
 *
 * @param {import('./presets.mjs').Preset} preset
 * @param {string[]} [targets] All where empty.
 */
export async function build(preset, targets = []) {
  await configure(preset);
  const selection = targets.length > 0 ? ['--target', ...targets] : [];
  await cmake(['--build', preset.build, '--parallel', String(availableParallelism()), ...selection]);
}

async function configure({ source, build, settings }) {
  const definitions = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await cmake(['-S', source, '-B', build, ...generator(source, build), ...definitions]);
}

/** Ninja where there is one; a build folder keeps the generator that it was made with. */
function generator(source, build) {
  const used = cached(build, 'CMAKE_GENERATOR');
  // A clone that was moved or copied brings a build folder that belongs to another place.
  const belongsHere = used !== undefined && cached(build, 'CMAKE_HOME_DIRECTORY') === source;
  if (belongsHere) return ['-G', used];
  rmSync(build, { recursive: true, force: true });
  return ['-G', findProgram('ninja') ? 'Ninja' : 'Unix Makefiles'];
}

/** An internal entry of CMake's cache, undefined where the folder was not configured. */
function cached(build, name) {
  const cache = join(build, 'CMakeCache.txt');
  if (!existsSync(cache)) return undefined;
  return new RegExp(`^${name}:INTERNAL=(.*)$`, 'm').exec(readFileSync(cache, 'utf8'))?.[1];
}

async function cmake(args) {
  const { code } = await run('cmake', args, { stdin: 'ignore' });
  if (code !== 0) throw new Complaint(`cmake ${args.join(' ')} ended with ${code}.`);
}
