import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How a program of the system ended. */
export interface Ended {
  readonly status: number;
  readonly output: string;
}

const deadlineMs = 60_000;

/** Runs a program to its end. Never rejects; status 127 where it cannot be started, 124 when it takes too long. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const settings = { timeout: deadlineMs, maxBuffer: 1 << 26, ...options };
    execFile(command, [...args], settings, (error, stdout, stderr) => {
      const { code, killed } = (error ?? { code: 0 }) as { code?: unknown; killed?: boolean };
      const status = killed === true ? 124 : typeof code === 'number' ? code : 127;
      resolve({ status, output: `${stdout}${stderr}` });
    });
  });
}

/** Runs a script of the shell; stops at its first failure. */
export function shell(script: string, options: Parameters<typeof run>[2] = {}): Promise<Ended> {
  return run('/bin/bash', ['-euc', script], options);
}

/** Starts a program. */
export function start(command: string, args: readonly string[], cwd: string): ChildProcess {
  return spawn(command, args, { cwd, stdio: 'ignore' });
}

/** Those of the programs that are not in PATH. */
export function missing(...names: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
}
