import { execFile } from 'node:child_process';
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
  options: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
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

/**
 * Runs a script of the shell in a directory; stops at its first failure. The shell goes there by itself: Node waits
 * for a child that is on its way, and must not be what the child waits for.
 */
export function shell(
  script: string,
  { cwd, ...options }: Parameters<typeof run>[2] & { cwd: string },
): Promise<Ended> {
  return run('/bin/bash', ['--norc', '-euc', `cd -- "$0"\n${script}`, cwd], options);
}

/** Those of the programs that are not in PATH. */
export function missing(...names: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
}
