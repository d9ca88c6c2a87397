import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CoreProgramError } from './core-program.ts';

export type LockSide = 'conveyor' | 'C++ API' | 'C program' | 'proper-lockfile' | 'flock(1)';

const native = fileURLToPath(new URL('../../../.build/release/bench/lock_bench', import.meta.url));

/** A shell that calls flock(1) for each increment; its counter is a text. */
const shell = `
echo ready
while read task count; do
  i=0
  while [ $i -lt $count ]; do
    flock "$0.lock" sh -c 'read n < "$0"; echo $((n + 1)) > "$0"' "$0"
    i=$((i + 1))
  done
  echo done $count 0
done`;

/** Errors: CoreProgramError when the native side is not built. */
export function requireLockProgram(): void {
  if (existsSync(native)) return;
  throw new CoreProgramError(`${native} is not there; 'npm run build' at the top of the repository builds it`);
}

function commandOf(side: LockSide, path: string): [string, ...string[]] {
  if (side === 'C program') return [native, 'flock', path];
  if (side === 'C++ API') return [native, 'conveyor', path];
  if (side === 'flock(1)') return ['sh', '-c', shell, path];
  // From dist/ as it is built; from src/, in tests, through the loader.
  const isSource = import.meta.url.endsWith('.ts');
  const program = fileURLToPath(new URL(`./lock-contender.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const loader = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register'];
  return [process.execPath, ...(isSource ? loader : []), program, side, path];
}

/** Processes that are told to contend at the same moment. */
export class LockContenders implements Disposable {
  readonly #children: readonly ChildProcess[];
  readonly #lines: readonly AsyncIterator<string>[];
  readonly #signal: AbortSignal;

  constructor(side: LockSide, path: string, count: number, signal: AbortSignal) {
    const [command, ...args] = commandOf(side, path);
    this.#signal = signal;
    this.#children = Array.from({ length: count }, () =>
      spawn(command, args, { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    this.#lines = this.#children.map((child) => {
      child.on('error', () => undefined);
      child.stdin?.on('error', () => undefined);
      return createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    });
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  /** Waits until all have started. Errors: CoreProgramError; the signal's reason. */
  async ready(): Promise<void> {
    for (const line of await this.#answers()) {
      if (line !== 'ready') throw new CoreProgramError(`a process that contends for a lock said '${line}'`);
    }
  }

  /** Tells all the same, and returns how often each has had the lock. Errors: as {@link ready}. */
  async all(task: string): Promise<number[]> {
    for (const child of this.#children) child.stdin?.write(`${task}\n`);
    const answers = await this.#answers();
    return answers.map((line) => {
      const count = /^done (\d+) \d+$/.exec(line)?.[1];
      if (count === undefined) throw new CoreProgramError(`a process that contends for a lock said '${line}'`);
      return Number(count);
    });
  }

  async #answers(): Promise<string[]> {
    const results = await Promise.all(this.#lines.map((lines) => lines.next()));
    this.#signal.throwIfAborted();
    if (results.some(({ done }) => done)) throw new CoreProgramError('a process that contends for a lock has ended');
    return results.map(({ value }) => value);
  }

  readonly #stop = (): void => {
    for (const child of this.#children) child.kill('SIGKILL');
  };

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#stop();
  }
}
