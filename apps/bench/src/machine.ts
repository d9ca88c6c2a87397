import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, type as systemName, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly architecture: string;
  readonly node: string;
  /** `git describe` of the clone, `-dirty` when it differs from the commit; null outside of a clone. */
  readonly revision: string | null;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${systemName()} ${release()}`,
    architecture: process.arch,
    node: process.version,
    revision: revisionOf(fileURLToPath(new URL('..', import.meta.url))),
  };
}

function revisionOf(folder: string): string | null {
  try {
    const args = ['-C', folder, 'describe', '--always', '--dirty', '--tags'];
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

/** Runnable tasks over the last minute, as the kernel counts them: above the number of CPUs, others are at work too. */
export function loadOneMinute(): number {
  return loadavg()[0] ?? 0;
}
