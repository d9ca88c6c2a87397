import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { VerificationError, whole } from './samples.ts';

/** A tree with real files in it: the packages of this workspace. */
export const treeToCopy: string = fileURLToPath(new URL('../../../packages', import.meta.url));

/** What `conveyor cp --json` said; it says more. */
export interface CopyResult {
  files: number;
  directories: number;
  links: number;
  bytes: number;
  seconds: number;
}

const resultSchema: v.GenericSchema<CopyResult> = v.object({
  files: whole,
  directories: whole,
  links: whole,
  bytes: whole,
  seconds: v.number(),
});

/**
 * Copies a directory with `conveyor cp -r` to a name that does not exist yet, then compares the copy with the original.
 *
 * Errors: Error with the last words of the program when it failed; VerificationError when the trees differ; the
 * signal's reason.
 * @param program The script of the command line: that of the package, unless a test brings another.
 */
export async function copyTree(
  source: string,
  target: string,
  signal: AbortSignal,
  program: string = cliProgram(),
): Promise<CopyResult> {
  const { code, output, complaint } = await runCli([program, 'cp', '-r', '--json', source, target], signal);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`conveyor cp ended with ${code}: ${complaint.trim().split('\n').at(-1)}`);
  const result = v.parse(resultSchema, JSON.parse(output));
  await requireSameTree(source, target);
  return result;
}

/** The program as its users run it: the file that its package names. */
export function cliProgram(): string {
  const manifest = createRequire(import.meta.url).resolve('@libconveyor/cli/package.json');
  return join(dirname(manifest), 'bin', 'conveyor.js');
}

function runCli(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | NodeJS.Signals; output: string; complaint: string }> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): void => {
      child.kill('SIGTERM');
    };
    signal.addEventListener('abort', stop, { once: true });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complaint += text;
    });
    child.on('error', reject);
    child.on('close', (code, killer) => {
      signal.removeEventListener('abort', stop);
      resolve({ code: code ?? killer ?? 1, output, complaint });
    });
  });
}

/** Compares names, kinds, permissions, links and every byte. Errors: VerificationError, which names the first place. */
export async function requireSameTree(source: string, target: string): Promise<void> {
  const [left, right] = await Promise.all([fingerprints(source), fingerprints(target)]);
  for (const [path, fingerprint] of left) {
    if (right.get(path) !== fingerprint) throw new VerificationError(`${join(target, path)} differs from its original`);
  }
  for (const path of right.keys()) {
    if (!left.has(path)) throw new VerificationError(`${join(target, path)} has no original`);
  }
}

async function fingerprints(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    const full = join(root, path);
    const stats = await lstat(full);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) {
      found.set(path, `directory ${mode}`);
      for (const name of (await readdir(full)).sort()) await visit(join(path, name));
    } else if (stats.isSymbolicLink()) {
      found.set(path, `link ${await readlink(full)}`);
    } else {
      const digest = createHash('sha256')
        .update(await readFile(full))
        .digest('hex');
      found.set(path, `file ${mode} ${stats.size} ${digest}`);
    }
  };
  await visit('.');
  return found;
}
