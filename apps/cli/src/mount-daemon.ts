import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { exitStatus } from './exit-status.ts';
import { reasonOf } from './failure.ts';
import { quoted } from './quoted.ts';
import { complain } from './standard-error.ts';

/** What the program in the background tells the one that started it, once. */
export interface Beginning {
  /** Why there is no mount; already told on standard error where that is a terminal. */
  readonly error?: string;
}

const descriptorVariable = 'CONVEYOR_MOUNT_PARENT';
const parentDescriptor = 3;

/**
 * Starts the same command line in the background and waits until its mount is there, or has failed.
 *
 * @returns The exit status. What the other one could not do is told here, on standard error.
 */
export async function startInBackground(args: readonly string[], log: string | undefined): Promise<number> {
  const output = openLog(log);
  if (output === undefined) return exitStatus.failed;
  const words = [...process.execArgv, process.argv[1] as string, 'mount', '--foreground', ...args];
  const child = spawn(process.execPath, words, {
    detached: true,
    env: { ...process.env, [descriptorVariable]: String(parentDescriptor) },
    stdio: ['ignore', output, output, 'pipe'],
  });
  if (typeof output === 'number') closeSync(output);
  const pipe = child.stdio[parentDescriptor] as Readable;
  const [told, status] = await Promise.race([
    text(pipe).then((words) => [words, undefined] as const),
    once(child, 'error').then(([error]) => [JSON.stringify({ error: reasonOf(error) }), undefined] as const),
  ]);
  const beginning = parse(told);
  if (beginning === undefined) {
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    complain(`the mount ended before it was there, with status ${String(code)}`);
    return exitStatus.failed;
  }
  if (beginning.error === undefined) {
    child.unref();
    return exitStatus.done;
  }
  complain(beginning.error);
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  return typeof code === 'number' ? code : (status ?? exitStatus.failed);
}

/** In the program in the background: tells the one that started it how it began. Elsewhere nothing happens. */
export function tellParent(beginning: Beginning): void {
  if (process.env[descriptorVariable] === undefined) return;
  delete process.env[descriptorVariable];
  try {
    writeSync(parentDescriptor, `${JSON.stringify(beginning)}\n`);
    closeSync(parentDescriptor);
  } catch {
    // It has gone; the mount is there all the same.
  }
}

function parse(told: string): Beginning | undefined {
  try {
    return JSON.parse(told) as Beginning;
  } catch {
    return undefined;
  }
}

/** Where the program in the background writes. undefined when the user's own choice cannot be opened, which is told. */
function openLog(log: string | undefined): number | 'ignore' | undefined {
  const path = log ?? join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'conveyor', 'mount.log');
  try {
    if (log === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'a', 0o600);
  } catch (thrown) {
    if (log === undefined) return 'ignore';
    complain(`cannot write the log ${quoted(log)}: ${reasonOf(thrown)}`);
    return undefined;
  }
}
