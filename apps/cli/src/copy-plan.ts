import { ConveyorError } from '@libconveyor/errors';
import type { FileStat } from '@libconveyor/storage';
import { isSame, sameFile } from './copy-file.ts';
import { Failure, notRegular, readFailure, reasonOf, writeFailure } from './failure.ts';
import { quoted } from './quoted.ts';
import type { Place, Storages } from './storages.ts';

/** One source with the name that it goes to. */
export interface PlannedCopy {
  readonly source: Place;
  readonly target: Place;
  /** Of the source, symbolic links followed. */
  readonly stat: FileStat;
}

/** What `conveyor cp` was asked to copy where. */
export interface CopyRequest {
  readonly sources: readonly string[];
  readonly destination: string;
  /** Directories may be copied. */
  readonly recursive: boolean;
}

/** Levels that are looked at between a destination and the root of its storage. */
const depthMax = 4096;

/**
 * Decides for each source what it is called at the destination; writes nothing. A destination that is a directory takes
 * the sources in under their own names, and otherwise becomes the copy itself.
 *
 * @param onFailure Told of each source that cannot be copied; the others are planned.
 * Errors: {@link Failure} when none can be copied, because of the destination.
 */
export async function planCopies(
  request: CopyRequest,
  storages: Storages,
  onFailure: (failure: Failure) => void,
): Promise<PlannedCopy[]> {
  const destination = await storages.locate(request.destination);
  const there = await destination.find(true).catch((thrown: unknown) => {
    throw writeFailure(destination, thrown);
  });
  const isFlat = !destination.storage.capabilities.directories;
  const isDirectory = there?.type === 'directory' || (isFlat && there === undefined && destination.endsWithSlash);
  if (request.sources.length > 1 && !isDirectory) throw notDirectory(destination, there);

  const planned: PlannedCopy[] = [];
  const taken = new Map<string, Place>();
  for (const argument of request.sources) {
    try {
      const source = await storages.locate(argument);
      const stat = await statSource(source, request.recursive);
      const name = source.lastName;
      const target = isDirectory && name !== undefined ? destination.child(name) : destination;
      await requireSense(source, stat, target);
      const first = taken.get(target.path);
      if (first !== undefined) throw takenAlready(source, first, target);
      taken.set(target.path, source);
      planned.push({ source, target, stat });
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      onFailure(thrown);
    }
  }
  return planned;
}

async function statSource(source: Place, recursive: boolean): Promise<FileStat> {
  let stat: FileStat;
  try {
    stat = await source.storage.stat(source.path);
  } catch (thrown) {
    const link = await source.find(false).catch(() => undefined);
    if (link?.type !== 'symlink') throw readFailure(source, thrown);
    const message = `${quoted(source.shown)} is a symbolic link that leads to nothing readable: ${reasonOf(thrown)}`;
    throw new Failure('ENOENT', message, source.shown, thrown);
  }
  if (stat.type === 'file') return stat;
  if (stat.type !== 'directory') throw new Failure('ENOTSUP', `${notRegular(source)}; not copied`, source.shown);
  if (recursive) return stat;
  throw new Failure('EISDIR', `${quoted(source.shown)} is a directory; use -r to copy it`, source.shown);
}

/** Errors: {@link Failure} for copies onto themselves, into themselves, and of a kind that does not fit. */
async function requireSense(source: Place, stat: FileStat, target: Place): Promise<void> {
  let there: FileStat | undefined;
  try {
    there = await target.find(true);
  } catch (thrown) {
    throw writeFailure(target, thrown);
  }
  if (there !== undefined && isSame(source, stat, target, there)) throw sameFile(source, target);
  if (stat.type === 'file') {
    if (there === undefined && target.endsWithSlash && target.storage.capabilities.directories) {
      throw writeFailure(target, new ConveyorError('ENOENT', { origin: 'cli', operation: 'cp', path: target.shown }));
    }
    return;
  }
  if (there !== undefined && there.type !== 'directory') {
    const message = `cannot put the directory ${quoted(source.shown)} over ${quoted(target.shown)}, which is none`;
    throw new Failure('ENOTDIR', message, target.shown);
  }
  if (await isInside(target, there !== undefined, source, stat)) {
    const message = `cannot copy the directory ${quoted(source.shown)} into itself, ${quoted(target.shown)}`;
    throw new Failure('EINVAL', message, source.shown);
  }
}

/** Whether a place lies in the tree of a directory. @param exists Whether something is there. */
async function isInside(place: Place, exists: boolean, directory: Place, stat: FileStat): Promise<boolean> {
  if (place.storage.scheme !== directory.storage.scheme) return false;
  if (stat.identity === undefined) return place.path.startsWith(`${directory.path.replace(/\/+$/, '')}/`);
  // Upwards by `..`, as the kernel goes: behind a symbolic link that is not where the name says.
  let above = exists ? place.child('..') : place.parent;
  let below: string | undefined;
  for (let depth = 0; depth < depthMax; depth++) {
    const here = await above.find(true).catch(() => undefined);
    // What is not there, or cannot be asked, is told when it is written to.
    if (here === undefined || here.identity === below) return false;
    if (isSame(above, here, directory, stat)) return true;
    below = here.identity;
    above = above.child('..');
  }
  return false;
}

function notDirectory(destination: Place, there: FileStat | undefined): Failure {
  const name = quoted(destination.shown);
  const what = there === undefined ? 'does not exist' : 'is no directory';
  const code = there === undefined ? 'ENOENT' : 'ENOTDIR';
  const message = `${name} ${what}; several sources need a directory as their destination`;
  return new Failure(code, message, destination.shown);
}

function takenAlready(source: Place, first: Place, target: Place): Failure {
  const message = `${quoted(source.shown)} and ${quoted(first.shown)} would both become ${quoted(target.shown)}`;
  return new Failure('EEXIST', `${message}; only the first is copied`, source.shown);
}
