import { execFile } from 'node:child_process';

/** Runs a program of the system. Never rejects; status 127 where it cannot be started. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 25_000, ...options }, (error, stdout, stderr) => {
      const { code } = (error ?? { code: 0 }) as { code?: unknown };
      resolve({ status: typeof code === 'number' ? code : 127, stdout, stderr });
    });
  });
}
