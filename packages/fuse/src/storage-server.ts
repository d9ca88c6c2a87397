import { constants } from 'node:fs';
import { ConveyorError, isConveyorError, systemError } from '@libconveyor/errors';
import { type FileStat, type FileType, isWritable, type Storage } from '@libconveyor/storage';
import { type MountNode, NodeTree } from './mount-node.ts';
import { type EnginePlace, OpenNode } from './open-node.ts';

/** What a question of the kernel is answered with. */
export interface Reply {
  readonly node?: number;
  readonly attributes?: readonly number[];
  readonly text?: string;
  readonly modes?: readonly number[];
  readonly keepsCache?: boolean;
}

/** A question, as `Question` of the native part has it: the caller's ids come first in `args`. */
export interface Question {
  readonly node: number;
  readonly name: string;
  readonly other: string;
  readonly uid: number;
  readonly gid: number;
  readonly args: readonly number[];
}

/** `FUSE_SET_ATTR_*` of libfuse. */
const field = { mode: 1, uid: 2, gid: 4, size: 8, atime: 16, mtime: 32, atimeNow: 128, mtimeNow: 256 } as const;
const typeBits: Readonly<Record<FileType, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  other: 0o100000,
};
const defaultModes: Readonly<Record<FileType, number>> = {
  file: 0o644,
  directory: 0o755,
  symlink: 0o777,
  other: 0o644,
};
const renameNoReplace = 1;
const attemptsMax = 8;
const origin = 'fuse';
const nothing: Reply = {};

/**
 * Answers the kernel's questions about names, attributes and open files with the methods of a storage. Bytes do not
 * come this way: they go through the engine that `open` puts in front of each file.
 */
export class StorageServer {
  readonly #storage: Storage;
  readonly #tree: NodeTree;
  readonly #place: EnginePlace;
  readonly #entryMs: number;
  readonly #lost: (error: ConveyorError) => void;

  /**
   * @param entryMs For how long what a listing said is believed.
   * @param lost Told what went wrong after everybody had been told that all was well.
   */
  constructor(
    storage: Storage,
    rootPath: string,
    place: EnginePlace,
    entryMs: number,
    lost: (error: ConveyorError) => void,
  ) {
    this.#storage = storage;
    this.#tree = new NodeTree(rootPath);
    this.#place = place;
    this.#entryMs = entryMs;
    this.#lost = lost;
  }

  /** Rejects with the error that the caller is to get. */
  answer(operation: string, question: Question): Promise<Reply> {
    const method = this.#methods[operation];
    if (method === undefined) throw new ConveyorError('ENOSYS', { origin, operation });
    return method(question);
  }

  /** Closes what is still open. */
  async close(): Promise<void> {
    for (const node of [...this.#tree.root.opened()]) await node.exclusive(() => this.#closeNode(node));
  }

  readonly #methods: Readonly<Record<string, (question: Question) => Promise<Reply>>> = {
    lookup: (question) => this.#lookup(question),
    forget: async ({ node, args }) => {
      this.#tree.forget(this.#tree.at(node), args[0] ?? 0);
      return nothing;
    },
    getattr: async ({ node }) => ({ attributes: await this.#attributes(this.#tree.at(node)) }),
    setattr: (question) => this.#setattr(question),
    readlink: async ({ node }) => ({ text: await this.#storage.readLink(this.#tree.path(this.#tree.at(node))) }),
    mknod: (question) => this.#mknod(question),
    mkdir: (question) => this.#mkdir(question),
    symlink: (question) => this.#symlink(question),
    unlink: (question) => this.#remove(question),
    rmdir: (question) => this.#remove(question),
    rename: (question) => this.#rename(question),
    create: (question) => this.#create(question),
    open: ({ node, args }) => this.#open(this.#tree.at(node), args[0] ?? 0),
    release: ({ node }) => this.#release(this.#tree.at(node)),
    opendir: ({ node }) => this.#opendir(this.#tree.at(node)),
    fallocate: (question) => this.#fallocate(question),
  };

  get #keepsModes(): boolean {
    return this.#storage.capabilities.posix === 'full';
  }

  async #lookup({ node, name }: Question): Promise<Reply> {
    const parent = this.#tree.at(node);
    const known = parent.children.get(name);
    if (known?.open !== undefined) return this.#entry(known);
    let stat: FileStat;
    try {
      stat = this.#listed(parent, name) ?? (await this.#stat(this.#tree.pathIn(parent, name)));
    } catch (thrown) {
      // It may have been made meanwhile, and not be there for others yet.
      const made = parent.children.get(name);
      if (made?.open !== undefined) return this.#entry(made);
      if (made !== undefined && isConveyorError(thrown) && thrown.code === 'ENOENT') this.#tree.detach(made);
      throw thrown;
    }
    return this.#entry(this.#tree.enter(parent, name, stat.type), stat);
  }

  #listed(parent: MountNode, name: string): FileStat | undefined {
    const entry = parent.listed.get(name);
    return entry !== undefined && entry.untilMs > performance.now() ? entry.stat : undefined;
  }

  #stat(path: string): Promise<FileStat> {
    return this.#storage.stat(path, { followLinks: false });
  }

  async #entry(node: MountNode, stat?: FileStat): Promise<Reply> {
    const attributes = await this.#attributes(node, stat);
    node.lookups++;
    return { node: node.id, attributes };
  }

  /** In the order that the native part reads them. */
  async #attributes(node: MountNode, known?: FileStat): Promise<readonly number[]> {
    const { kept, type } = node;
    const size = await openSize(node);
    const { open } = node;
    const stat = known ?? (await this.#statOf(node));
    const writtenMs = open?.writtenMs() ?? 0;
    const isSet = kept.mtimeMs !== undefined && writtenMs <= (kept.mtimeSetMs ?? 0) && belongs(kept.version, stat);
    const contentMs = writtenMs > 0 ? writtenMs : (stat?.mtimeMs ?? Date.now());
    const mtimeMs = isSet ? (kept.mtimeMs as number) : contentMs;
    if (open === undefined && kept.version === undefined && kept.mtimeMs !== undefined) kept.version = stat?.version;
    const mode = kept.mode ?? stat?.mode ?? defaultModes[type];
    const links = node.isRemoved ? 0 : (stat?.links ?? (type === 'directory' ? 2 : 1));
    const uid = kept.uid ?? stat?.uid ?? process.getuid?.() ?? 0;
    const gid = kept.gid ?? stat?.gid ?? process.getgid?.() ?? 0;
    const atimeMs = kept.atimeMs ?? stat?.atimeMs ?? mtimeMs;
    return [node.id, typeBits[type] | (mode & 0o7777), size ?? stat?.size ?? 0, links, uid, gid, atimeMs, mtimeMs];
  }

  /** undefined where the storage does not know of it yet, or no longer. */
  async #statOf(node: MountNode): Promise<FileStat | undefined> {
    if (node.isRemoved) return undefined;
    try {
      return await this.#stat(this.#tree.path(node));
    } catch (thrown) {
      if (node.open !== undefined) return undefined;
      throw thrown;
    }
  }

  async #setattr({ node: id, args }: Question): Promise<Reply> {
    const node = this.#tree.at(id);
    const [fields = 0, mode = 0, uid = 0, gid = 0, size = 0, atimeMs = 0, mtimeMs = 0] = args;
    const has = (bits: number): boolean => (fields & bits) !== 0;
    if (has(field.size)) await this.#truncate(node, size);
    if (has(field.uid)) node.kept.uid = uid;
    if (has(field.gid)) node.kept.gid = gid;
    if (has(field.mode)) {
      if (this.#keepsModes && !node.isRemoved) await this.#storage.setAttributes(this.#tree.path(node), { mode });
      else node.kept.mode = mode;
    }
    const now = Date.now();
    await this.#setTimes(
      node,
      has(field.atimeNow) ? now : has(field.atime) ? atimeMs : undefined,
      has(field.mtimeNow) ? now : has(field.mtime) ? mtimeMs : undefined,
    );
    return { attributes: await this.#attributes(node) };
  }

  async #setTimes(node: MountNode, atimeMs: number | undefined, mtimeMs: number | undefined): Promise<void> {
    if (atimeMs === undefined && mtimeMs === undefined) return;
    const { open, kept } = node;
    if (atimeMs !== undefined) kept.atimeMs = atimeMs;
    // Of a file that is open, times count once it is closed: what lands later would change them.
    const isStored = open === undefined && (await this.#storesTimes(node, atimeMs, mtimeMs));
    // What a bucket says of times on a later day may be coarser than what was set.
    if (mtimeMs === undefined || (isStored && this.#keepsModes)) return;
    const isTold = open !== undefined && (await open.takesTimes(atimeMs, mtimeMs));
    Object.assign(kept, { mtimeMs, mtimeSetMs: Date.now(), version: undefined, isTold });
  }

  /** False where the storage keeps no times, or none of this. */
  async #storesTimes(node: MountNode, atimeMs: number | undefined, mtimeMs: number | undefined): Promise<boolean> {
    if (this.#storage.capabilities.posix === 'none' || node.isRemoved) return false;
    try {
      await this.#storage.setAttributes(this.#tree.path(node), { atimeMs, mtimeMs });
    } catch (thrown) {
      if (isConveyorError(thrown) && thrown.code === 'ENOTSUP') return false;
      throw thrown;
    }
    if (this.#keepsModes) Object.assign(node.kept, { atimeMs: undefined, mtimeMs: undefined });
    return true;
  }

  async #truncate(node: MountNode, size: number): Promise<void> {
    await this.#open(node, constants.O_RDWR);
    try {
      await node.open?.truncate(size);
      await node.open?.sync();
    } finally {
      await this.#release(node);
    }
  }

  async #mknod(question: Question): Promise<Reply> {
    const [mode = 0] = question.args;
    if ((mode & 0o170000) !== typeBits.file) throw refused('mknod');
    const made = await this.#create({ ...question, args: [mode, constants.O_RDWR | constants.O_EXCL] });
    const node = this.#tree.at(made.node ?? 1);
    await node.open?.sync();
    await this.#release(node);
    return made;
  }

  async #mkdir({ node, name, args, uid, gid }: Question): Promise<Reply> {
    const parent = this.#tree.at(node);
    const mode = (args[0] ?? 0o755) & 0o7777;
    await this.#storage.mkdir(this.#tree.pathIn(parent, name), this.#keepsModes ? { mode } : {});
    parent.listed.delete(name);
    return this.#made(this.#tree.enter(parent, name, 'directory'), mode, uid, gid);
  }

  async #symlink({ node, name, other, uid, gid }: Question): Promise<Reply> {
    if (!this.#keepsModes) throw refused('symlink');
    const parent = this.#tree.at(node);
    await this.#storage.makeLink(other, this.#tree.pathIn(parent, name));
    parent.listed.delete(name);
    return this.#made(this.#tree.enter(parent, name, 'symlink'), undefined, uid, gid);
  }

  #made(node: MountNode, mode: number | undefined, uid: number, gid: number): Promise<Reply> {
    Object.assign(node.kept, { uid, gid }, this.#keepsModes ? {} : { mode });
    return this.#entry(node);
  }

  async #create({ node, name, args, uid, gid }: Question): Promise<Reply> {
    const parent = this.#tree.at(node);
    const [mode = 0o644, flags = 0] = args;
    const child = this.#tree.enter(parent, name, 'file');
    const isNew = child.open === undefined && child.lookups === 0;
    await this.#open(child, flags | constants.O_CREAT, this.#keepsModes ? mode & 0o7777 : undefined);
    parent.listed.delete(name);
    return isNew ? this.#made(child, mode & 0o7777, uid, gid) : this.#entry(child);
  }

  #open(node: MountNode, flags: number, mode?: number): Promise<Reply> {
    return node.exclusive(async () => {
      const isWriting = isWritable(flags) || (flags & constants.O_TRUNC) !== 0;
      let { open } = node;
      const isThere = open !== undefined;
      if (open !== undefined && (open.isWritable || !isWriting)) {
        if ((flags & constants.O_EXCL) !== 0) throw new ConveyorError('EEXIST', { origin, operation: 'open' });
        if ((flags & constants.O_TRUNC) !== 0) await open.truncate(0);
      } else {
        if (open === undefined) open = new OpenNode(this.#place, node.id);
        await open.enter(this.#tree.path(node), flags, mode);
        node.open = open;
      }
      open.users++;
      const version = await open.version().catch(() => undefined);
      const keepsCache = !isThere && version !== undefined && version === node.cachedVersion;
      if (!isThere) node.cachedVersion = isWriting ? undefined : version;
      return { keepsCache };
    });
  }

  async #release(node: MountNode): Promise<Reply> {
    const done = node.exclusive(async () => {
      if (node.open === undefined || --node.open.users > 0) return;
      await this.#closeNode(node);
    });
    // The one who closed has heard of errors at `flush`; nobody waits for this.
    done.catch(() => undefined);
    return nothing;
  }

  async #closeNode(node: MountNode): Promise<void> {
    const { open, kept } = node;
    if (open === undefined) return;
    const writtenMs = open.writtenMs();
    try {
      await open.close();
    } catch (thrown) {
      const path = node.isRemoved ? node.name : this.#tree.path(node);
      this.#lost(systemError(thrown, { origin, operation: 'close', path }));
    }
    node.open = undefined;
    const isSetLater = kept.mtimeMs !== undefined && writtenMs <= (kept.mtimeSetMs ?? 0);
    if (isSetLater && !kept.isTold) {
      await this.#storesTimes(node, kept.atimeMs, kept.mtimeMs).catch(() => undefined);
    } else if (writtenMs > 0 && !isSetLater && this.#storage.capabilities.posix === 'none') {
      // The storage has the time of the upload; programs have seen the one of the write.
      Object.assign(kept, { mtimeMs: writtenMs, mtimeSetMs: writtenMs, version: undefined });
    } else if (!isSetLater) {
      kept.mtimeMs = undefined;
    }
    this.#tree.forget(node, 0);
  }

  async #remove({ node, name }: Question): Promise<Reply> {
    const parent = this.#tree.at(node);
    const child = parent.children.get(name);
    parent.listed.delete(name);
    if (child === undefined) {
      await this.#storage.remove(this.#tree.pathIn(parent, name));
      return nothing;
    }
    return child.exclusive(async () => {
      await child.open?.moveToScratch();
      await this.#storage.remove(this.#tree.pathIn(parent, name));
      this.#tree.detach(child);
      return nothing;
    });
  }

  async #rename({ node, name, other, args }: Question): Promise<Reply> {
    const [targetId = 1, flags = 0] = args;
    const parent = this.#tree.at(node);
    const targetParent = this.#tree.at(targetId);
    const path = this.#tree.pathIn(targetParent, other);
    if ((flags & ~renameNoReplace) !== 0) throw new ConveyorError('EINVAL', { origin, operation: 'rename', path });
    const target = targetParent.children.get(other);
    if ((flags & renameNoReplace) !== 0 && (target?.open !== undefined || (await this.#exists(path)))) {
      throw new ConveyorError('EEXIST', { origin, operation: 'rename', path });
    }
    const child = parent.children.get(name);
    const moving = child === undefined ? [] : [...child.opened()];
    for (const one of moving) await one.exclusive(async () => one.open?.sync());
    if (target !== child) await target?.exclusive(async () => target.open?.moveToScratch());
    await this.#storage.rename(this.#tree.pathIn(parent, name), path);
    parent.listed.delete(name);
    targetParent.listed.delete(other);
    if (child === undefined) {
      if (target !== undefined) this.#tree.detach(target);
      return nothing;
    }
    this.#tree.move(child, targetParent, other);
    for (const one of moving) await one.exclusive(() => this.#reopen(one));
    return nothing;
  }

  async #exists(path: string): Promise<boolean> {
    return this.#stat(path).then(
      () => true,
      () => false,
    );
  }

  /** The file is at another path now. */
  async #reopen(node: MountNode): Promise<void> {
    const flags = node.open?.isWritable ? constants.O_RDWR : constants.O_RDONLY;
    await node.open?.enter(this.#tree.path(node), flags, undefined);
  }

  async #opendir(node: MountNode): Promise<Reply> {
    const types = new Map<string, FileType>();
    node.listed.clear();
    const untilMs = performance.now() + this.#entryMs;
    for await (const { name, type, stat } of this.#storage.list(this.#tree.path(node))) {
      types.set(name, type);
      if (stat !== undefined) node.listed.set(name, { stat, untilMs });
    }
    // What was made and is not stored yet.
    for (const [name, child] of node.children) if (child.open !== undefined) types.set(name, child.type);
    const modes = [typeBits.directory, typeBits.directory, ...[...types.values()].map((type) => typeBits[type])];
    return { text: ['.', '..', ...types.keys(), ''].join('/'), modes };
  }

  async #fallocate({ node: id, args }: Question): Promise<Reply> {
    const [mode = 0, offset = 0, length = 0] = args;
    const { open } = this.#tree.at(id);
    if (mode !== 0) throw new ConveyorError('ENOTSUP', { origin, operation: 'fallocate' });
    if (open === undefined) throw new ConveyorError('EBADF', { origin, operation: 'fallocate' });
    if ((await open.size()) < offset + length) await open.truncate(offset + length);
    return nothing;
  }
}

/** The size of a file that is open; undefined for others, and once the last one has closed it. */
async function openSize(node: MountNode): Promise<number | undefined> {
  for (let attempt = 0; node.open !== undefined; attempt++) {
    try {
      return await node.open.size();
    } catch (thrown) {
      // Its engine has just been closed, or exchanged for another one.
      if (!isConveyorError(thrown) || thrown.code !== 'EBADF' || attempt === attemptsMax) throw thrown;
      await node.exclusive(async () => undefined);
    }
  }
  return undefined;
}

/** Whether attributes that were kept still belong to what is stored. */
function belongs(version: string | undefined, stat: FileStat | undefined): boolean {
  return version === undefined || stat?.version === undefined || stat.version === version;
}

/** Nodes of a kind that the storage does not have. */
function refused(operation: string): ConveyorError {
  return new ConveyorError('EPERM', { origin, operation, detail: 'the storage has no nodes of this kind' });
}
