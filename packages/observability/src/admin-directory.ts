import { chmod, lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { errnoError } from '@libconveyor/errors';

const ending = '.sock';
const origin = 'admin';

/** Where the sockets of this user's processes are, unless somebody says otherwise. */
export function defaultAdminDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const runtime = environment.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'conveyor') : `/tmp/conveyor-${process.getuid?.() ?? 0}`;
}

/** The name of this thread's socket. */
export function socketName(): string {
  return `${process.pid}${threadId === 0 ? '' : `-${threadId}`}${ending}`;
}

/**
 * Makes the directory, for its owner alone.
 *
 * Errors: EACCES where it is somebody else's, or open to others; ENOTDIR for a link or a file in its place.
 */
export async function requireAdminDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await lstat(directory);
  const details = { origin, operation: 'serveAdmin', path: directory } as const;
  if (!found.isDirectory()) throw errnoError('ENOTDIR', { ...details, detail: 'a link or a file is in its place' });
  if (found.uid !== process.getuid?.())
    throw errnoError('EACCES', { ...details, detail: 'it belongs to another user' });
  if ((found.mode & 0o077) !== 0) {
    throw errnoError('EACCES', { ...details, detail: 'others may enter it; chmod 700 is needed' });
  }
}

/** Removes a socket that a process has left behind. Errors: EADDRINUSE where somebody listens. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (await isListening(path)) throw errnoError('EADDRINUSE', { origin, operation: 'serveAdmin', path });
  await unlink(path).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
  });
}

/** A socket is its owner's alone. */
export async function protectSocket(path: string): Promise<void> {
  await chmod(path, 0o600);
}

/** The sockets in a directory that somebody listens on; none where there is no such directory. */
export async function findAdminSockets(directory: string = defaultAdminDirectory()): Promise<string[]> {
  const names = await readdir(directory).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  const paths = names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name));
  const listening = await Promise.all(paths.map(isListening));
  return paths.filter((_, index) => listening[index]);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
