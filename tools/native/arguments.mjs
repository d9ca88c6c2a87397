import { parseArgs } from 'node:util';
import { Complaint } from '../bootstrap/complaint.mjs';
import { presets } from './presets.mjs';

/**
 * The command line of this folder's programs: `--preset NAME` and what `options` adds.
 *
 * Errors: a {@link Complaint} for anything unknown.
 *
 * @param {import('node:util').ParseArgsOptionsConfig} options As in `util.parseArgs`.
 * @returns {{name: string, preset: import('./presets.mjs').Preset, values: Record<string, any>}}
 */
export function readArguments(options = {}) {
  const { values } = parse({ preset: { type: 'string', default: 'release' }, ...options });
  const preset = Object.hasOwn(presets, values.preset) ? presets[values.preset] : undefined;
  if (!preset) throw new Complaint(`--preset ${values.preset}: there are ${Object.keys(presets).join(', ')}.`);
  return { name: values.preset, preset, values };
}

function parse(options) {
  try {
    return parseArgs({ options });
  } catch (error) {
    throw new Complaint(error.message);
  }
}
