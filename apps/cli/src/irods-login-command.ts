import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { isConveyorError } from '@libconveyor/errors';
import { exitStatus } from './exit-status.ts';
import { reasonOf } from './failure.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';

/** Options of `conveyor irods login`, checked. */
export interface IrodsLoginOptions {
  readonly pam?: boolean | undefined;
  /** Seconds. */
  readonly ttl?: number | undefined;
}

const hourS = 3600;

/** `conveyor irods login`. Resolves with the exit status. */
export async function irodsLogin(
  url: string | undefined,
  { pam, ttl }: IrodsLoginOptions,
  output: StandardOutput,
): Promise<number> {
  const { logIn } = await import('@libconveyor/storage-irods');
  const password = await askPassword();
  if (password === undefined) {
    complain('no password was given');
    return exitStatus.failed;
  }
  const ttlHours = ttl === undefined ? undefined : Math.max(1, Math.ceil(ttl / hourS));
  try {
    const who = await logIn({ url, password, usesPam: pam, ttlHours });
    await output.write(`logged in as ${who}\n`);
    return exitStatus.done;
  } catch (thrown) {
    if (!isConveyorError(thrown)) throw thrown;
    complain(`cannot log in${url === undefined ? '' : ` at '${url}'`}: ${reasonOf(thrown)}`);
    return exitStatus.failed;
  }
}

/** The first line of standard input; on a terminal it is asked for, and not shown. */
async function askPassword(): Promise<string | undefined> {
  const isTerminal = process.stdin.isTTY === true;
  // The terminal echoes through this stream, which keeps it to itself.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isTerminal });
  if (isTerminal) process.stderr.write('password: ');
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
    });
  } finally {
    lines.close();
    if (isTerminal) process.stderr.write('\n');
  }
}
