import { isUtf8 } from 'node:buffer';
import { type BigIntStats, constants, type Dirent } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  opendir,
  readlink,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  argumentRangeError,
  ConveyorError,
  type ErrorDetails,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import {
  type Attributes,
  type CopyOptions,
  type DirectoryEntry,
  type FileStat,
  type MkdirOptions,
  type OpenOptions,
  Replacement,
  type ReplacementOptions,
  StorageAdapter,
  throwIfAborted,
} from '@libconveyor/storage';
import { fsCapabilities } from './capabilities.ts';
import { close, fstat, open, requireRegular } from './descriptor.ts';
import { codeOf, mapError, origin } from './error-map.ts';
import { FsFile, UnpublishedFile } from './file.ts';
import { fileStatOf, fileTypeOf, timesOf } from './file-stat.ts';
import { findTarget, HiddenFile } from './hidden-file.ts';

/** Options of {@link FsStorage}. */
export interface FsStorageOptions {
  /**
   * An absolute path that every path begins with: `/a` means `ROOT/a`. A path that leads out of it by `..` is EACCES;
   * symbolic links may lead anywhere, so this is a prefix and no jail. Default: paths are those of the machine and
   * absolute.
   */
  root?: string | undefined;
}

const { O_DIRECT = 0, O_DSYNC, O_EXCL, O_NOATIME = 0, O_NOFOLLOW, O_SYNC } = constants;

/**
 * The local file system. Flags go to open(2) as they are, O_SYNC, O_DSYNC, O_DIRECT, O_NOFOLLOW and O_NOATIME included;
 * open files have their descriptor in `fd`. Only regular files have positional I/O: a pipe, a socket, a terminal is
 * ESPIPE, a block device ENOTSUP. Names are UTF-8; others are EILSEQ. Times are set to the microsecond.
 *
 * Errors: the errno of the system call, which is the `cause`.
 */
export class FsStorage extends StorageAdapter {
  readonly #root: string | undefined;

  constructor(options: FsStorageOptions = {}) {
    requireOptions('options', options, ['root']);
    const { root } = options;
    if (root !== undefined) requireString('options.root', root);
    if (root !== undefined && (!root.startsWith('/') || root.includes('\0'))) {
      throw argumentRangeError('options.root', 'an absolute path', root);
    }
    const extraFlags = O_SYNC | O_DSYNC | O_DIRECT | O_NOFOLLOW | O_NOATIME;
    super({ scheme: 'file', name: `file:${root ?? '/'}`, capabilities: fsCapabilities, origin, extraFlags });
    this.#root = root?.replace(/\/+$/, '');
  }

  protected override async _open(path: string, flags: number, options: OpenOptions): Promise<FsFile> {
    const osPath = this.#osPath('open', path);
    // Asked first, because to open a pipe is to wait for its other end, on a thread of a small pool.
    if ((flags & O_EXCL) === 0) await requireOpenable(path, osPath, flags);
    const fd = await open(osPath, flags, options.mode ?? 0o666);
    try {
      const stats = await fstat(fd);
      requireRegular(stats, 'open', path);
      if (options.ifVersion !== undefined) requireVersion(path, fileStatOf(stats), options.ifVersion);
      return new FsFile({ ...this.context, path, flags }, fd, osPath);
    } catch (thrown) {
      await close(fd);
      throw thrown;
    }
  }

  protected override async _openReplacement(path: string, options: ReplacementOptions): Promise<Replacement> {
    const target = await findTarget('openReplacement', path, this.#osPath('openReplacement', path));
    const mode = options.mode ?? (target.stats === undefined ? undefined : Number(target.stats.mode & 0o7777n));
    const hidden = new HiddenFile(target);
    const fd = await hidden.create(mode);
    const file = new UnpublishedFile({ ...this.context, path, flags: constants.O_RDWR }, fd, hidden.osPath);
    file.mode = mode;
    return new Replacement(origin, file, {
      publish: () => hidden.publish(fd, file.mode, options.exclusive ?? false),
      drop: () => hidden.drop(),
      mapError,
    });
  }

  protected override async _stat(path: string, followLinks: boolean): Promise<FileStat> {
    return fileStatOf(await (followLinks ? stat : lstat)(this.#osPath('stat', path), { bigint: true }));
  }

  protected override async *_list(path: string): AsyncGenerator<DirectoryEntry> {
    // As bytes: Node would put replacement characters into names that are not UTF-8, and nobody could open those.
    const encoding = 'buffer' as BufferEncoding;
    const directory = await opendir(this.#osPath('list', path), { encoding });
    for await (const entry of directory as AsyncIterable<Dirent<string | Buffer>>) {
      const name = Buffer.from(entry.name);
      if (!isUtf8(name)) throw illegalName('list', path, name);
      yield { name: name.toString('utf8'), type: fileTypeOf(entry) };
    }
  }

  protected override async _mkdir(path: string, options: MkdirOptions): Promise<void> {
    const osPath = this.#osPath('mkdir', path);
    if (options.recursive) await mkdir(dirname(osPath), { recursive: true });
    try {
      await mkdir(osPath, { mode: options.mode ?? 0o777 });
    } catch (thrown) {
      if (!options.recursive || codeOf(thrown) !== 'EEXIST' || !(await stat(osPath)).isDirectory()) throw thrown;
    }
  }

  protected override async _remove(path: string): Promise<void> {
    const osPath = this.#osPath('remove', path);
    this.#refuseRoot('remove', path, osPath);
    try {
      await unlink(osPath);
    } catch (thrown) {
      // Linux says EISDIR, POSIX says EPERM.
      const code = codeOf(thrown);
      if (code !== 'EISDIR' && code !== 'EPERM') throw thrown;
      if (!(await lstat(osPath)).isDirectory()) throw thrown;
      await rmdir(osPath);
    }
  }

  protected override async _rename(source: string, target: string): Promise<void> {
    const osSource = this.#osPath('rename', source);
    const osTarget = this.#osPath('rename', target);
    this.#refuseRoot('rename', source, osSource);
    this.#refuseRoot('rename', target, osTarget);
    await rename(osSource, osTarget);
  }

  protected override async _copy(source: string, target: string, options: CopyOptions): Promise<void> {
    const osSource = this.#osPath('copy', source);
    const stats = await stat(osSource, { bigint: true });
    requireRegular(stats, 'copy', source);
    const place = await findTarget('copy', target, this.#osPath('copy', target));
    if (place.stats !== undefined && place.stats.dev === stats.dev && place.stats.ino === stats.ino) {
      throw new ConveyorError('EINVAL', {
        origin,
        operation: 'copy',
        path: source,
        detail: 'source and target are the same file',
      });
    }
    // Said again by link(2) at the end; here it spares the bytes.
    if (options.exclusive && place.stats !== undefined) {
      throw new ConveyorError('EEXIST', { origin, operation: 'copy', path: target });
    }
    const hidden = new HiddenFile(place);
    try {
      await copyFile(osSource, hidden.osPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      throwIfAborted(options.signal, { origin, operation: 'copy', path: source });
      await publishCopy(hidden, stats, options.exclusive ?? false);
    } finally {
      await hidden.drop();
    }
  }

  protected override async _setAttributes(path: string, attributes: Attributes): Promise<void> {
    const osPath = this.#osPath('setAttributes', path);
    if (attributes.mode !== undefined) await chmod(osPath, attributes.mode);
    if (attributes.atimeMs === undefined && attributes.mtimeMs === undefined) return;
    const { atimeS, mtimeS } = timesOf(attributes, await stat(osPath, { bigint: true }));
    await utimes(osPath, atimeS, mtimeS);
  }

  protected override async _readLink(path: string): Promise<string> {
    const content = await readlink(this.#osPath('readLink', path), { encoding: 'buffer' });
    if (!isUtf8(content)) throw illegalName('readLink', path, content);
    return content.toString('utf8');
  }

  protected override async _makeLink(content: string, path: string): Promise<void> {
    await symlink(content, this.#osPath('makeLink', path));
  }

  protected override async _close(): Promise<void> {
    // Nothing is held beside the open files.
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** What a path is for the kernel. Errors: EINVAL when it has to be absolute, EACCES when it leads out of the root. */
  #osPath(operation: string, path: string): string {
    if (this.#root === undefined) {
      if (path.startsWith('/')) return path;
      throw new ConveyorError('EINVAL', { origin, operation, path, detail: 'the path is not absolute' });
    }
    let depth = 0;
    for (const name of path.split('/')) {
      if (name === '..') depth--;
      else if (name !== '' && name !== '.') depth++;
      if (depth < 0)
        throw new ConveyorError('EACCES', { origin, operation, path, detail: 'the path leads out of the root' });
    }
    return `${this.#root}/${path.replace(/^\/+/, '')}`;
  }

  #refuseRoot(operation: string, path: string, osPath: string): void {
    if (resolve(osPath) === (this.#root || '/')) {
      throw new ConveyorError('EBUSY', { origin, operation, path, detail: 'it is the root' });
    }
  }
}

/** Errors: EISDIR, ESPIPE, ENOTSUP. That nothing is there, or that it cannot be asked, open(2) says better. */
async function requireOpenable(path: string, osPath: string, flags: number): Promise<void> {
  let stats: BigIntStats;
  try {
    stats = await ((flags & O_NOFOLLOW) === 0 ? stat : lstat)(osPath, { bigint: true });
  } catch {
    return;
  }
  requireRegular(stats, 'open', path);
}

/** Attributes and name of a copy whose bytes are in place. */
async function publishCopy(hidden: HiddenFile, stats: BigIntStats, exclusive: boolean): Promise<void> {
  const fd = await open(hidden.osPath, constants.O_RDONLY | O_NOFOLLOW, 0);
  try {
    const { atimeS, mtimeS } = timesOf({}, stats);
    await utimes(hidden.osPath, atimeS, mtimeS);
    await hidden.publish(fd, Number(stats.mode & 0o7777n), exclusive);
  } finally {
    await close(fd);
  }
}

function requireVersion(path: string, { version }: FileStat, wanted: string): void {
  if (version === wanted) return;
  const detail = `it has version ${version ?? 'none'} instead of ${wanted}`;
  throw new ConveyorError('ESTALE', { origin, operation: 'open', path, detail });
}

function illegalName(operation: string, path: string, name: Buffer): ConveyorError {
  const detail = `'${name.toString('latin1')}' (read as Latin-1) is not UTF-8`;
  return new ConveyorError('EILSEQ', { origin, operation, path, detail });
}
