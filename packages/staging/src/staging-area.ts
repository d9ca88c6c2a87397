import { rmSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConveyorError, isConveyorError, systemError } from '@libconveyor/errors';
import { FileLock } from '@libconveyor/file-lock';
import { origin } from './temp-file.ts';

/** More processes than this at once in one directory are an error somewhere. */
const slotsMax = 10_000;

const slotPattern = /^slot-\d+$/;

/**
 * A place for temporary files that is this process's own: a folder `slot-N` in a directory that any number of processes
 * share. Its owner holds a FileLock on it, which the kernel takes away when he dies; whoever finds a slot without a
 * holder knows that its files are left over, and that they are nobody's. Sidecars stay, slots are used again.
 *
 * Clause: T6.
 */
export class StagingArea {
  /** The folder of this process. */
  readonly path: string;
  /** How many slots of processes that had died were emptied at the start. */
  readonly slotsCleaned: number;
  readonly #lock: FileLock;
  #count = 0;
  #closing: Promise<void> | undefined;

  private constructor(path: string, lock: FileLock, slotsCleaned: number) {
    this.path = path;
    this.slotsCleaned = slotsCleaned;
    this.#lock = lock;
    if (slots.size === 0) process.on('exit', removeSlots);
    slots.add(path);
  }

  /**
   * Takes a slot of a directory, which is made where it is missing, and removes what processes that have died left
   * there. Errors: EACCES for a directory that others could exchange, ENOTSUP where there are no locks, those of
   * mkdir(2) and open(2); ERR_CONVEYOR_NATIVE_MISSING.
   */
  static async open(directory: string): Promise<StagingArea> {
    try {
      const base = await ownDirectory(directory);
      const { path, lock, wasUsed } = await takeSlot(base);
      try {
        await mkdir(path, { mode: 0o700 });
        return new StagingArea(path, lock, (wasUsed ? 1 : 0) + (await cleanSlots(base, path)));
      } catch (thrown) {
        await lock.release();
        throw thrown;
      }
    } catch (thrown) {
      throw systemError(thrown, { origin, operation: 'open', path: directory });
    }
  }

  /** A path for a new file. */
  newPath(): string {
    this.#count++;
    return join(this.path, `${this.#count}.tmp`);
  }

  /** Removes the slot with all it holds and frees it for others. Twice is once. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    slots.delete(this.path);
    if (slots.size === 0) process.removeListener('exit', removeSlots);
    try {
      await rm(this.path, { recursive: true, force: true });
    } catch (thrown) {
      throw systemError(thrown, { origin, operation: 'close', path: this.path });
    } finally {
      await this.#lock.release();
    }
  }
}

/** The slots that this thread has, for an end that nobody announces. */
const slots = new Set<string>();

function removeSlots(): void {
  for (const path of slots) rmSync(path, { recursive: true, force: true });
}

interface SharedArea {
  readonly area: Promise<StagingArea>;
  users: number;
}

/** The areas of this thread, by directory. */
const areas = new Map<string, SharedArea>();

/**
 * The area of a directory for one more user of this thread; all of them share a slot. Returns it with what the user
 * calls when he needs it no more. Errors: those of {@link StagingArea.open}.
 */
export async function shareArea(directory: string): Promise<{ area: StagingArea; release: () => Promise<void> }> {
  const key = resolve(directory);
  const shared = areas.get(key) ?? { area: StagingArea.open(key), users: 0 };
  areas.set(key, shared);
  shared.users++;
  const leave = (): boolean => {
    shared.users--;
    // Whoever comes while it is being closed opens another one, with another slot.
    if (shared.users > 0) return false;
    if (areas.get(key) === shared) areas.delete(key);
    return true;
  };
  try {
    const area = await shared.area;
    const release = async (): Promise<void> => {
      if (leave()) await area.close();
    };
    return { area, release };
  } catch (thrown) {
    leave();
    throw thrown;
  }
}

/** Makes the directory, and requires that not everybody can exchange what is in it. */
async function ownDirectory(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const base = await realpath(directory);
  const { uid, mode } = await lstat(base);
  const isOurs = uid === process.geteuid?.() || uid === 0;
  if (isOurs && (mode & 0o002) === 0) return base;
  const detail = 'others can write to it';
  throw new ConveyorError('EACCES', { origin, operation: 'open', path: base, detail });
}

async function takeSlot(base: string): Promise<{ path: string; lock: FileLock; wasUsed: boolean }> {
  for (let index = 0; index < slotsMax; index++) {
    const path = join(base, `slot-${index}`);
    const lock = await lockSlot(path);
    if (lock === undefined) continue;
    try {
      return { path, lock, wasUsed: await empty(path) };
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }
  throw new ConveyorError('ENFILE', { origin, operation: 'open', path: base, detail: `${slotsMax} slots are taken` });
}

/** Empties all slots whose holder has died. Returns how many there were. */
async function cleanSlots(base: string, own: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(base)) {
    const path = join(base, name);
    if (!slotPattern.test(name) || path === own) continue;
    const lock = await lockSlot(path);
    if (lock === undefined) continue;
    try {
      if (await empty(path)) count++;
    } finally {
      await lock.release();
    }
  }
  return count;
}

/** undefined when a living process has it. */
async function lockSlot(path: string): Promise<FileLock | undefined> {
  try {
    return await FileLock.tryAcquire(path, { resource: 'directory' });
  } catch (thrown) {
    const isHeld = isConveyorError(thrown) && (thrown.code === 'EAGAIN' || thrown.code === 'EDEADLK');
    if (isHeld) return undefined;
    throw thrown;
  }
}

/** Removes a slot whose lock is held by the caller. Returns whether there was one. */
async function empty(path: string): Promise<boolean> {
  try {
    await rm(path, { recursive: true });
    return true;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return false;
    throw thrown;
  }
}
