import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { Complaint } from './complaint.mjs';
import { ensurePnpm, pnpmEnvironment } from './pinned-pnpm.mjs';
import { root } from './places.mjs';

/**
 * Runs a program of the workspace's own `node_modules/.bin`, from the top folder unless `cwd` says otherwise. A `pnpm`
 * that it calls is the pinned one.
 *
 * Requires: the packages are installed. Errors: a {@link Complaint} when the program is not among them.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function runTool(name, args, options = {}) {
  const program = join(root, 'node_modules', '.bin', name);
  if (!existsSync(program)) throw new Complaint(`${name} is not among the packages that the top package.json names.`);
  // Nx's resident server and full-screen view are for a person at one terminal, not for scripts.
  const quiet = { NX_DAEMON: 'false', NX_TUI: 'false' };
  const env = { ...pnpmEnvironment(await ensurePnpm()), ...quiet, ...options.env };
  return run(program, args, { cwd: root, ...options, env });
}
