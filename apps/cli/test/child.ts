import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { withDeadline } from '@libconveyor/testkit';
import { inject } from 'vitest';

/** How a run of the program ended. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how to run it. */
export interface Surroundings {
  readonly cwd?: string;
  /** Runs as this user and group. */
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** What is on standard input; nothing by default. */
  readonly input?: string;
  /** A descriptor to be standard output instead of a pipe. */
  readonly stdout?: number;
}

/** A run that is under way. */
export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
}

const deadlineMs = 25_000;
const nobody = 65_534;

/** The file that node runs. */
export function programFile(): string {
  return join(inject('program'), 'bin', 'conveyor.js');
}

/** The environment of a run; the addon lies beside the program. */
export function programEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CONVEYOR_NATIVE_PATH: join(inject('program'), 'conveyor.node'),
    CONVEYOR_FUSE_NATIVE_PATH: join(inject('program'), 'fuse.node'),
    CONVEYOR_FILE_LOCK_NATIVE_PATH: join(inject('program'), 'file_lock.node'),
  };
}

/** Starts the program. */
export function start(args: readonly string[], { cwd, uid, env, input, stdout = -1 }: Surroundings = {}): Run {
  const child = spawn(process.execPath, [programFile(), ...args], {
    cwd,
    env: { ...programEnvironment(), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', stdout < 0 ? 'pipe' : stdout, 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.stdin?.end(input);
  return { child, ended: withDeadline(outcomeOf(child), `conveyor ${args.join(' ')}`, deadlineMs) };
}

/** Runs the program to its end. */
export function conveyor(args: readonly string[], surroundings?: Surroundings): Promise<Outcome> {
  return start(args, surroundings).ended;
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status, signal, stdout, stderr };
}

/** How to run as somebody whom permissions concern: nothing to do, or another user; undefined where that fails. */
export async function otherUser(): Promise<{ uid?: number } | undefined> {
  if (process.geteuid?.() !== 0) return {};
  const probe = await conveyor(['--version'], { uid: nobody }).catch(() => undefined);
  return probe?.status === 0 ? { uid: nobody } : undefined;
}
