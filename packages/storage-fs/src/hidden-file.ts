import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { link, lstat, readlink, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { ConveyorError } from '@libconveyor/errors';
import { fchmod, fchown, fstat, fsync, open, requireRegular, syncDirectory } from './descriptor.ts';
import { codeOf, origin } from './error-map.ts';

const linksFollowedMax = 40;

/** Where a file goes to: the name behind all symbolic links, and what is there. */
export interface Target {
  readonly osPath: string;
  readonly stats: BigIntStats | undefined;
}

/**
 * Follows symbolic links to the name that a new file would take, which need not exist.
 *
 * Errors: ENOENT (no parent), ENOTDIR, ELOOP; EISDIR, ESPIPE, ENOTSUP for what no file may replace.
 */
export async function findTarget(operation: string, path: string, osPath: string): Promise<Target> {
  let name = osPath;
  for (let followed = 0; followed <= linksFollowedMax; followed++) {
    if (/\/\.{0,2}$/.test(name)) throw new ConveyorError('EISDIR', { origin, operation, path });
    const place = join(await realpath(dirname(name)), basename(name));
    const stats = await statIfThere(place);
    if (stats === undefined) return { osPath: place, stats };
    requireRegular(stats, operation, path);
    if (!stats.isSymbolicLink()) return { osPath: place, stats };
    const content = await readlink(place);
    // Not normalized: `..` behind another link is the kernel's to resolve.
    name = isAbsolute(content) ? content : `${dirname(place)}/${content}`;
  }
  throw new ConveyorError('ELOOP', { origin, operation, path });
}

/**
 * A file under a name that no listing by people shows, in the directory of its target, until it takes the target's
 * name. What a crash leaves behind begins with `.conveyor-` and ends with `.tmp`.
 */
export class HiddenFile {
  readonly osPath: string;
  readonly #target: Target;
  #isPublished = false;
  #isGone = false;

  constructor(target: Target) {
    this.#target = target;
    const unique = randomBytes(9).toString('base64url');
    this.osPath = join(dirname(target.osPath), `.conveyor-${unique}.tmp`);
  }

  /** Creates it, open for reading and writing; `mode` undefined leaves the bits to the umask. Gives the descriptor. */
  async create(mode: number | undefined): Promise<number> {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    if (mode === undefined) return open(this.osPath, O_RDWR | O_CREAT | O_EXCL, 0o666);
    // The umask may only take bits away: nobody can open the file before its bits are the right ones.
    const fd = await open(this.osPath, O_RDWR | O_CREAT | O_EXCL, 0o600);
    await fchmod(fd, mode);
    return fd;
  }

  /**
   * Makes content and attributes durable, then the name.
   *
   * @param mode Set last, because writing and a change of owner take away its upper bits.
   * Errors: EEXIST with `exclusive`; once the name is taken, an error says so in `detail`, and the next call goes on
   * there.
   */
  async publish(fd: number, mode: number | undefined, exclusive: boolean): Promise<void> {
    if (!this.#isPublished) {
      await this.#keepOwner(fd);
      if (mode !== undefined) await fchmod(fd, mode);
      await fsync(fd);
      if (exclusive) await link(this.osPath, this.#target.osPath);
      else await rename(this.osPath, this.#target.osPath);
      this.#isPublished = true;
      this.#isGone = !exclusive;
    }
    try {
      await this.drop();
      await syncDirectory(dirname(this.#target.osPath));
    } catch (thrown) {
      const detail = 'the new content is in place, but its name is not durable yet';
      const code = codeOf(thrown) === 'ENOSPC' ? 'ENOSPC' : 'EIO';
      throw new ConveyorError(code, { origin, operation: 'commit', path: this.#target.osPath, detail, cause: thrown });
    }
  }

  /** Removes the hidden name; what was published stays. */
  async drop(): Promise<void> {
    if (this.#isGone) return;
    try {
      await unlink(this.osPath);
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENOENT') throw thrown;
    }
    this.#isGone = true;
  }

  /** Root replaces other people's files without making them root's. */
  async #keepOwner(fd: number): Promise<void> {
    const { stats } = this.#target;
    if (stats === undefined || process.geteuid?.() !== 0) return;
    const own = await fstat(fd);
    if (own.uid !== stats.uid || own.gid !== stats.gid) await fchown(fd, Number(stats.uid), Number(stats.gid));
  }
}

async function statIfThere(osPath: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(osPath, { bigint: true });
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
