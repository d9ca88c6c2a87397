import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { withDeadline } from '@libconveyor/testkit';
import { inject } from 'vitest';

const build = fileURLToPath(new URL('../../../.build/file-lock-addon/', import.meta.url));
const nativeWorker = `${build}worker/lock_worker`;

/** Preloaded, it answers for the file system; undefined where it was not built. */
export const fakeStatfs: string = `${build}worker/fake_statfs.so`;

export type Language = 'C++' | 'JavaScript';

/** How a process is started. */
export interface ProcessSettings {
  /** As `taskset -c` takes it; all where undefined. */
  readonly cpus?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const deadlineMs = 60_000;

/** A real process that takes locks when told to; its pipes are the barriers of a test. */
export class LockProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(language: Language, { cpus, env = {} }: ProcessSettings = {}) {
    const own = language === 'C++' ? [nativeWorker] : [process.execPath, inject('worker')];
    if (language === 'C++' && !existsSync(nativeWorker)) throw new Error(`${nativeWorker} has not been built`);
    const [command, ...args] = cpus === undefined ? own : ['taskset', '-c', cpus, ...own];
    const addon = process.env.CONVEYOR_FILE_LOCK_NATIVE_PATH || `${build}file_lock.node`;
    this.child = spawn(command as string, args, {
      env: { ...process.env, CONVEYOR_FILE_LOCK_NATIVE_PATH: addon, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.child, 'close');
    const { stdin, stdout } = this.child;
    if (stdin === null || stdout === null) throw new Error('there are no pipes');
    stdin.on('error', () => undefined); // a process that was killed
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Sends a command and waits for its answer. */
  async tell(command: string): Promise<string> {
    this.send(command);
    return this.answer();
  }

  send(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  async answer(): Promise<string> {
    const { value, done } = await withDeadline(this.#lines.next(), 'an answer of a lock process', deadlineMs);
    if (done) throw new Error('the lock process has ended');
    return value;
  }

  /** The lines of an answer that ends with `ok`. */
  async answers(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.answer(); line !== 'ok'; line = await this.answer()) lines.push(line);
    return lines;
  }

  /** Ends it where it stands and waits for that. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Starts several at once and ends them all afterwards. */
export async function withProcesses<T>(
  languages: readonly Language[],
  settings: ProcessSettings,
  body: (processes: LockProcess[]) => Promise<T>,
): Promise<T> {
  const processes = languages.map((language) => new LockProcess(language, settings));
  try {
    return await body(processes);
  } finally {
    await Promise.all(processes.map((each) => each.kill()));
  }
}
