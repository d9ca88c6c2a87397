import { existsSync, readFileSync } from 'node:fs';
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
  await cmake(['-S', source, '-B', build, ...generator(build), ...definitions]);
}

/** Ninja where there is one; a build folder keeps the generator that it was made with. */
function generator(build) {
  const cache = join(build, 'CMakeCache.txt');
  if (existsSync(cache)) {
    const used = /^CMAKE_GENERATOR:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
    return used ? ['-G', used] : [];
  }
  return ['-G', findProgram('ninja') ? 'Ninja' : 'Unix Makefiles'];
}

async function cmake(args) {
  const { code } = await run('cmake', args, { stdin: 'ignore' });
  if (code !== 0) throw new Complaint(`cmake ${args.join(' ')} ended with ${code}.`);
}
