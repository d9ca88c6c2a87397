import { constants } from 'node:fs';
import { access, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatBytes } from './units.ts';

/** A directory whose files are measured. */
export interface Place {
  readonly name: 'memory' | 'disk';
  readonly directory: string;
  /** `tmpfs`, `ext4` ...; the magic number in hexadecimal where it has no name here. */
  readonly fileSystem: string;
}

/** A place that is left out, with the reason. */
export interface MissingPlace {
  readonly name: Place['name'];
  readonly reason: string;
}

/** Magic numbers of statfs(2). */
const fileSystems = new Map([
  [0x01021994, 'tmpfs'],
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'zfs'],
  [0x6969, 'nfs'],
  [0x65735546, 'fuse'],
]);

const memoryDirectory = '/dev/shm';

/** A directory that cannot be used; the message says why in one line. */
export class PlaceError extends Error {
  override readonly name = 'PlaceError';
}

/**
 * The place for `--dir`, or the first directory for temporary files that is not in memory.
 *
 * Errors: PlaceError when the directory cannot be used.
 */
export async function diskPlace(directory: string | undefined, bytes: number): Promise<Place> {
  if (directory !== undefined) return usable('disk', directory, bytes);
  const places: Place[] = [];
  for (const candidate of [tmpdir(), '/var/tmp', process.cwd()]) {
    const place = await usable('disk', candidate, bytes).catch(() => undefined);
    if (place !== undefined) places.push(place);
  }
  const [first] = [...places.filter(({ fileSystem }) => fileSystem !== 'tmpfs'), ...places];
  if (first === undefined) throw new PlaceError('no directory for temporary files can be used; name one with --dir');
  return first;
}

/** `/dev/shm`, or why not: it is absent on some systems and tiny in some containers. */
export async function memoryPlace(bytes: number, directory: string = memoryDirectory): Promise<Place | MissingPlace> {
  try {
    return await usable('memory', directory, bytes);
  } catch (thrown) {
    if (!(thrown instanceof PlaceError)) throw thrown;
    return { name: 'memory', reason: thrown.message };
  }
}

async function usable(name: Place['name'], directory: string, bytes: number): Promise<Place> {
  const path = resolve(directory);
  try {
    if (!(await stat(path)).isDirectory()) throw new PlaceError(`${path} is not a directory`);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    if (thrown instanceof PlaceError) throw thrown;
    throw new PlaceError(`${path} cannot be used: ${reasonOf(thrown)}`);
  }
  const { type, bavail, bsize } = await statfs(path);
  if (bavail * bsize < bytes) {
    throw new PlaceError(`${path} has ${formatBytes(bavail * bsize)} left, ${formatBytes(bytes)} are needed`);
  }
  return { name, directory: path, fileSystem: fileSystems.get(type) ?? `0x${type.toString(16)}` };
}

function reasonOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'it is not writable';
  return code ?? String(thrown);
}

/** Runs `body` with a directory of its own in a place; it is gone afterwards, whatever happened. */
export async function withScratch<T>(place: Place, body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(place.directory, 'conveyor-bench-'));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
