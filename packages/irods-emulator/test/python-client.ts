import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('python/scenario.py', import.meta.url));

/** Debian's package is for Debian's interpreter, which may be hidden behind another one. */
const interpreter = ['python3', '/usr/bin/python3'].find((one) => spawnSync(one, ['-c', 'import irods']).status === 0);

/** Why python-irodsclient cannot be run here, or undefined. */
export const whyNoPythonClient: string | undefined =
  interpreter === undefined ? 'python3-irodsclient is not installed' : undefined;

/** Runs a scenario of `python/scenario.py`; its result. */
export function pythonClient(
  port: number,
  login: { readonly user: string; readonly password: string },
  scenario: string,
  settings?: object,
): Promise<unknown> {
  const more = settings === undefined ? [] : [JSON.stringify(settings)];
  const given = [script, String(port), login.user, login.password, scenario, ...more];
  return new Promise((resolve, reject) => {
    execFile(interpreter ?? 'python3', given, { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout) as unknown);
    });
  });
}
