import { isConveyorError } from '@libconveyor/errors';
import type { FileStat } from '@libconveyor/storage';
import { Failure, writeFailure } from './failure.ts';
import { quoted } from './quoted.ts';
import type { Place } from './storages.ts';

const permissionBits = 0o777;
const stickyBit = 0o1000;
const setIdBits = 0o6000;
const ownerMayAll = 0o700;

/**
 * A directory that is being filled. One that was made for the copy gets the permission bits and times of its source
 * when everything in it has ended: before that it may have to be writable, and what is put into it changes its times.
 * One that was there before stays as it is.
 */
export class PendingDirectory {
  readonly #target: Place;
  readonly #stat: FileStat;
  readonly #parent: PendingDirectory | undefined;
  readonly #isNew: boolean;
  readonly #onFailure: (failure: Failure) => void;
  /** The listing, and what was found in it. */
  #pending = 1;

  private constructor(
    target: Place,
    stat: FileStat,
    parent: PendingDirectory | undefined,
    isNew: boolean,
    onFailure: (failure: Failure) => void,
  ) {
    this.#target = target;
    this.#stat = stat;
    this.#parent = parent;
    this.#isNew = isNew;
    this.#onFailure = onFailure;
  }

  /**
   * Makes a directory, or takes the one that is there.
   *
   * @param stat Of the source.
   * @param parent The directory that holds it, if that is filled by the same copy.
   * @param onFailure Told when attributes cannot be set in the end.
   * Errors: {@link Failure}.
   */
  static async make(
    target: Place,
    stat: FileStat,
    parent: PendingDirectory | undefined,
    onFailure: (failure: Failure) => void,
  ): Promise<PendingDirectory> {
    const isNew = await makeDirectory(target, stat, parent === undefined);
    parent?.enter();
    return new PendingDirectory(target, stat, parent, isNew, onFailure);
  }

  /** Something more has to end before this directory is finished. */
  enter(): void {
    this.#pending++;
  }

  /** Something has ended. Resolves when the directory and those above, as far as it was their last, are finished. */
  async leave(): Promise<void> {
    if (--this.#pending > 0) return;
    if (this.#isNew) await this.#setAttributes();
    await this.#parent?.leave();
  }

  async #setAttributes(): Promise<void> {
    const { storage, path } = this.#target;
    const { posix } = storage.capabilities;
    if (posix === 'none') return;
    const { mtimeMs, atimeMs = mtimeMs, mode } = this.#stat;
    try {
      if (posix === 'times' || mode === undefined) return await storage.setAttributes(path, { mtimeMs, atimeMs });
      // A set-group-ID bit that it got from the directory above decides about what is put into it later.
      const inherited = ((await storage.stat(path)).mode ?? 0) & setIdBits;
      const kept = mode & (permissionBits | stickyBit);
      await storage.setAttributes(path, { mtimeMs, atimeMs, mode: kept | inherited });
    } catch (thrown) {
      this.#onFailure(writeFailure(this.#target, thrown));
    }
  }
}

/** Resolves with whether it is new. @param mayBeLink Whether a symbolic link to a directory will do. */
async function makeDirectory(target: Place, stat: FileStat, mayBeLink: boolean): Promise<boolean> {
  const { storage, path } = target;
  // Names are flat there: a directory is what its files have in common.
  if (!storage.capabilities.directories) return false;
  const wantsMode = storage.capabilities.posix === 'full' && stat.mode !== undefined;
  const mode = ((stat.mode ?? 0) & permissionBits) | ownerMayAll;
  try {
    await storage.mkdir(path, wantsMode ? { mode } : {});
    return true;
  } catch (thrown) {
    if (!isConveyorError(thrown) || thrown.code !== 'EEXIST') throw writeFailure(target, thrown);
  }
  const there = await target.find(mayBeLink).catch((thrown: unknown) => {
    throw writeFailure(target, thrown);
  });
  if (there?.type === 'directory') return false;
  throw new Failure(
    'ENOTDIR',
    `cannot make the directory ${quoted(target.shown)}: something else is there`,
    target.shown,
  );
}
