import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describeError, isConveyorError } from '@libconveyor/errors';
import { FileLock } from '@libconveyor/file-lock';
import { exitStatus, statusOfSignal } from './exit-status.ts';
import { ForwardedSignals } from './forwarded-signals.ts';
import { complain } from './standard-error.ts';

/** What the command line says about the lock. */
export interface LockCommandOptions {
  readonly shared?: boolean;
  readonly nonblock?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Codes of a lock that somebody else has. */
const notGot: ReadonlySet<string> = new Set(['EAGAIN', 'ETIMEDOUT']);

/**
 * Runs a command with a lock held. The command gets no descriptor of it.
 *
 * @returns The command's status, or one of `exitStatus`: what could not be done was told on standard error.
 */
export async function lock(file: string, words: readonly string[], options: LockCommandOptions): Promise<number> {
  using signals = new ForwardedSignals();
  let held: FileLock;
  try {
    held = await take(file, options, signals.signal);
  } catch (thrown) {
    if (signals.received !== undefined) return statusOfSignal(signals.received);
    complain(describeError(thrown));
    return isConveyorError(thrown) && notGot.has(thrown.code) ? exitStatus.notLocked : exitStatus.failed;
  }
  const status = await runCommand(words, signals);
  try {
    await held.release();
    return status;
  } catch (thrown) {
    complain(describeError(thrown));
    return status === exitStatus.done ? exitStatus.failed : status;
  }
}

function take(file: string, options: LockCommandOptions, signal: AbortSignal): Promise<FileLock> {
  const mode = options.shared ? 'shared' : 'exclusive';
  return options.nonblock
    ? FileLock.tryAcquire(file, { mode })
    : FileLock.acquire(file, { mode, timeout: options.timeout, signal });
}

async function runCommand([name = '', ...args]: readonly string[], signals: ForwardedSignals): Promise<number> {
  const command = spawn(name, args, { stdio: 'inherit' });
  signals.forwardTo(command);
  try {
    return await statusOf(command);
  } catch (thrown) {
    complain(`cannot run '${name}': ${describeError(thrown)}`);
    const isMissing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? exitStatus.commandMissing : exitStatus.commandRefused;
  }
}

async function statusOf(command: ChildProcess): Promise<number> {
  const [code, killer] = (await once(command, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? statusOfSignal(killer as NodeJS.Signals);
}
