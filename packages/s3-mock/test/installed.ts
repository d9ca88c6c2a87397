import { execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { eventually } from '@libconveyor/testkit';

/** Why a program cannot be used here, or undefined when it can. */
export function whyMissing(program: string): string | undefined {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} is not installed`;
  }
}

/** Why nothing can be mounted here, or undefined when it can. */
export function whyNoFuse(): string | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return whyMissing('fusermount3');
  } catch {
    return '/dev/fuse is not there, or not for this user';
  }
}

const execute = promisify(execFile);

/** Runs a program to its end. Errors: Error with `stderr` when it ends with anything but 0. */
export function runProgram(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<{ stdout: string; stderr: string }> {
  return execute(program, args, options);
}

/** A mount that a child process serves; `unmount` ends both. */
export interface Mount {
  unmount(): Promise<void>;
}

/**
 * Starts a program that mounts in the foreground, and waits until the mount is there.
 *
 * Errors: Error with what the program said when it ends before.
 */
export async function startMount(
  program: string,
  args: string[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Mount> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-4000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually(() => child.exitCode !== null || isMounted(folder), `a mount by ${program}`);
  if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`);
  const unmount = async (): Promise<void> => {
    await runProgram('fusermount3', ['-u', folder]).catch(() => runProgram('fusermount3', ['-uz', folder]));
    await exited;
  };
  return { unmount };
}

function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === folder);
}
