import { constants } from 'node:fs';
import {
  argumentRangeError,
  type ConveyorError,
  type ErrorDetails,
  requireFunction,
  requireInteger,
  requireOptions,
} from '@libconveyor/errors';
import type { Capabilities } from '../capabilities.ts';
import type { Attributes, DirectoryEntry, FileStat } from '../file-stat.ts';
import type { CopyOptions, MkdirOptions, OpenOptions, ReplacementOptions } from '../operation-options.ts';
import { Replacement } from '../replacement.ts';
import { StorageAdapter } from '../storage-adapter.ts';
import { MemoryFailure, mapError } from './error-map.ts';
import { MemoryFile, type NodeOwner } from './memory-file.ts';
import { type DirectoryNode, type FileNode, isWithin, locate, type MemoryNode, type Place } from './memory-tree.ts';
import { MemoryQuota, SparseBytes } from './sparse-bytes.ts';

/** Options of {@link MemoryStorage}. */
export interface MemoryStorageOptions {
  /** Bytes of memory for the contents of all files; a write past them is ENOSPC. Default: no limit. */
  capacityBytes?: number | undefined;
  /** Bits that new files and directories never get. Default 0o022. */
  umask?: number | undefined;
  /** Where times come from, milliseconds since 1970. Default `Date.now`. */
  nowMs?: (() => number) | undefined;
  /** Capabilities to do without: to see how a program fares on a lesser storage. */
  capabilities?: Partial<Capabilities> | undefined;
}

/** What the memory storage can do unless it is told to do without. */
export const memoryCapabilities: Capabilities = {
  randomWrite: true,
  append: 'atomic',
  truncate: true,
  rename: 'atomic',
  atomicReplace: true,
  conditional: 'replace',
  serverCopy: true,
  durableSync: false,
  directories: true,
  posix: 'full',
  io: { maxBytes: Number.MAX_SAFE_INTEGER, preferredBytes: 64 * 1024, parallel: 64 },
  changeDetection: 'strong',
};

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC } = constants;

let storagesMade = 0;
let nodesMade = 0;

/**
 * A file system in memory: the reference for what the contract means, and a storage for tests. Its paths are those of
 * POSIX, its root is `/`, a leading slash may be left out. Permission bits are kept and not enforced; reading does not
 * touch `atimeMs`; other flags than the common ones and O_NOFOLLOW are ENOTSUP.
 *
 * Errors: those of the contract; ENOSPC past `capacityBytes`, and then nothing is written.
 */
export class MemoryStorage extends StorageAdapter implements NodeOwner {
  readonly #root: DirectoryNode;
  readonly #quota: MemoryQuota;
  readonly #umask: number;
  readonly #nowMs: () => number;

  constructor(options: MemoryStorageOptions = {}) {
    const { capacityBytes = Number.MAX_SAFE_INTEGER, umask = 0o022, nowMs = Date.now } = checked(options);
    const capabilities = { ...memoryCapabilities, ...options.capabilities };
    super({
      scheme: 'memory',
      name: `memory:${storagesMade++}`,
      capabilities,
      origin: 'storage-memory',
      extraFlags: O_NOFOLLOW,
    });
    this.#quota = new MemoryQuota(capacityBytes);
    this.#umask = umask;
    this.#nowMs = nowMs;
    const root = { type: 'directory', entries: new Map(), ...this.#newNode(0o777) } as unknown as DirectoryNode;
    root.parent = root;
    this.#root = root;
  }

  /** Bytes of memory that the contents of all files take; a hole takes none. */
  get bytesUsed(): number {
    return this.#quota.bytesUsed;
  }

  nowMs(): number {
    return this.#nowMs();
  }

  describe(node: MemoryNode): FileStat {
    const { posix, changeDetection } = this.capabilities;
    const isFile = node.type === 'file';
    return {
      type: node.type,
      size: isFile ? node.bytes.size : 0,
      mtimeMs: node.mtimeMs,
      ...(posix === 'none' ? {} : { atimeMs: node.atimeMs }),
      ...(posix === 'full' ? { mode: node.mode, links: isFile ? node.links : 1 } : {}),
      ...(isFile && changeDetection !== 'none' ? { version: `${node.id}.${node.version}` } : {}),
      identity: `${node.id}`,
    };
  }

  apply(node: MemoryNode, attributes: Attributes): void {
    const { mode, atimeMs, mtimeMs } = attributes;
    if (mode !== undefined) node.mode = mode;
    if (atimeMs !== undefined) node.atimeMs = atimeMs;
    if (mtimeMs !== undefined) node.mtimeMs = mtimeMs;
  }

  letGo(node: FileNode): void {
    node.openings--;
    this.#freeUnused(node);
  }

  protected override async _open(path: string, flags: number, options: OpenOptions): Promise<MemoryFile> {
    const followLast = (flags & O_NOFOLLOW) === 0 && (flags & O_EXCL) === 0;
    const place = this.#locate(path, followLast, (flags & O_CREAT) !== 0);
    if (place.node !== undefined && (flags & O_EXCL) !== 0) throw new MemoryFailure('EEXIST');
    if (place.node?.type === 'symlink') throw new MemoryFailure('ELOOP', 'it is a symbolic link');
    const node = place.node === undefined ? this.#create(place, flags, options.mode) : requireFile(place.node);
    if (options.ifVersion !== undefined) requireVersion(this.describe(node), options.ifVersion);
    if ((flags & O_TRUNC) !== 0 && place.node !== undefined) {
      node.bytes.truncate(0);
      node.version++;
      node.mtimeMs = this.#nowMs();
    }
    return new MemoryFile({ ...this.context, path, flags }, this, node);
  }

  protected override async _openReplacement(path: string, options: ReplacementOptions): Promise<Replacement> {
    const place = this.#locate(path, true, true);
    const old = requirePlain(place);
    if (old === undefined) requireNameFor(place);
    const node = this.#newFile(options.mode ?? old?.mode ?? 0o666 & ~this.#umask);
    const context = { ...this.context, path, flags: constants.O_RDWR };
    return new Replacement(this.context.origin, new MemoryFile(context, this, node), {
      publish: async () => this.#publish(path, node, options),
      drop: async () => this.#prune(place.directory),
      mapError,
    });
  }

  protected override async _stat(path: string, followLinks: boolean): Promise<FileStat> {
    return this.describe(requireNode(this.#locate(path, followLinks, false)));
  }

  protected override async *_list(path: string): AsyncGenerator<DirectoryEntry> {
    const node = requireNode(this.#locate(path, true, false));
    if (node.type !== 'directory') throw new MemoryFailure('ENOTDIR');
    for (const [name, entry] of [...node.entries]) {
      // Removed since the listing began: not shown.
      if (node.entries.get(name) === entry) yield { name, type: entry.type, stat: this.describe(entry) };
    }
  }

  protected override async _mkdir(path: string, options: MkdirOptions): Promise<void> {
    const mode = (options.mode ?? 0o777) & ~this.#umask;
    const parents = options.recursive ? this.#makeDirectory : undefined;
    const place = locate(this.#root, path, options.recursive ?? false, parents);
    if (place.node?.type === 'directory' && options.recursive) return;
    if (place.node !== undefined || place.name === undefined) throw new MemoryFailure('EEXIST');
    const made = this.#makeDirectory(place.directory, place.name);
    made.mode = mode;
  }

  protected override async _remove(path: string): Promise<void> {
    const place = this.#locate(path, false, false);
    const node = requireNode(place);
    if (place.name === undefined) throw new MemoryFailure(node === this.#root ? 'EBUSY' : 'EINVAL');
    if (node.type === 'directory' && node.entries.size > 0) throw new MemoryFailure('ENOTEMPTY');
    this.#unlink(place.directory, place.name);
  }

  protected override async _rename(source: string, target: string): Promise<void> {
    const from = this.#locate(source, false, false);
    const node = requireNode(from);
    const to = this.#locate(target, false, node.type !== 'directory');
    if (from.name === undefined || to.name === undefined) throw new MemoryFailure('EBUSY');
    if (node === to.node) return;
    if (node.type === 'directory') {
      if (isWithin(to.directory, node)) throw new MemoryFailure('EINVAL', 'the target lies inside the source');
      if (to.node !== undefined && to.node.type !== 'directory') throw new MemoryFailure('ENOTDIR');
      if (to.node !== undefined && to.node.entries.size > 0) throw new MemoryFailure('ENOTEMPTY');
      node.parent = to.directory;
    } else {
      if (to.node?.type === 'directory') throw new MemoryFailure('EISDIR');
      if (to.asDirectory) throw new MemoryFailure('ENOTDIR');
    }
    from.directory.entries.delete(from.name);
    from.directory.mtimeMs = this.#nowMs();
    this.#link(to.directory, to.name, node, to.node);
    this.#prune(from.directory);
  }

  protected override async _copy(source: string, target: string, options: CopyOptions): Promise<void> {
    const from = requireFile(requireNode(this.#locate(source, true, false)));
    if (requirePlain(this.#locate(target, true, false)) === from) throw new MemoryFailure('EINVAL', 'same file');
    const node = this.#newFile(from.mode, from.bytes.copy());
    this.apply(node, { atimeMs: from.atimeMs, mtimeMs: from.mtimeMs });
    try {
      this.#publish(target, node, options);
    } finally {
      this.#freeUnused(node);
    }
  }

  protected override async _setAttributes(path: string, attributes: Attributes): Promise<void> {
    this.apply(requireNode(this.#locate(path, true, false)), attributes);
  }

  protected override async _readLink(path: string): Promise<string> {
    const node = requireNode(this.#locate(path, false, false));
    if (node.type !== 'symlink') throw new MemoryFailure('EINVAL', 'it is no symbolic link');
    return node.content;
  }

  protected override async _makeLink(content: string, path: string): Promise<void> {
    const place = this.#locate(path, false, true);
    if (place.node !== undefined) throw new MemoryFailure('EEXIST');
    const name = requireNameFor(place);
    this.#link(place.directory, name, { type: 'symlink', content, ...this.#newNode(0o777) }, undefined);
  }

  protected override async _close(): Promise<void> {
    this.#root.entries.clear();
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** Without directories of its own, the storage makes those that a new name needs. */
  #locate(path: string, followLast: boolean, forCreation: boolean): Place {
    const implicit = forCreation && !this.capabilities.directories ? this.#makeDirectory : undefined;
    return locate(this.#root, path, followLast, implicit);
  }

  #publish(path: string, node: FileNode, { exclusive, ifVersion }: ReplacementOptions): void {
    const place = this.#locate(path, true, true);
    const old = requirePlain(place);
    if (exclusive && old !== undefined) throw new MemoryFailure('EEXIST');
    if (ifVersion !== undefined) requireVersion(old === undefined ? undefined : this.describe(old), ifVersion);
    this.#link(place.directory, requireNameFor(place), node, old);
    node.links++;
  }

  #create(place: Place, flags: number, mode = 0o666): FileNode {
    if ((flags & O_CREAT) === 0) throw new MemoryFailure('ENOENT');
    const name = requireNameFor(place);
    const node = this.#newFile(mode & ~this.#umask);
    node.links = 1;
    this.#link(place.directory, name, node, undefined);
    return node;
  }

  readonly #makeDirectory = (parent: DirectoryNode, name: string): DirectoryNode => {
    const entries = new Map<string, MemoryNode>();
    const node: DirectoryNode = { type: 'directory', entries, parent, ...this.#newNode(0o777 & ~this.#umask) };
    this.#link(parent, name, node, undefined);
    return node;
  };

  #link(directory: DirectoryNode, name: string, node: MemoryNode, old: MemoryNode | undefined): void {
    directory.entries.set(name, node);
    directory.mtimeMs = this.#nowMs();
    if (old?.type !== 'file') return;
    old.links--;
    this.#freeUnused(old);
  }

  #unlink(directory: DirectoryNode, name: string): void {
    const node = directory.entries.get(name);
    directory.entries.delete(name);
    directory.mtimeMs = this.#nowMs();
    this.#prune(directory);
    if (node?.type !== 'file') return;
    node.links--;
    this.#freeUnused(node);
  }

  /** Without directories of its own, the storage forgets those that no name needs any more. */
  #prune(directory: DirectoryNode): void {
    if (this.capabilities.directories) return;
    let empty = directory;
    while (empty.entries.size === 0 && empty !== this.#root) {
      const { parent } = empty;
      for (const [name, node] of parent.entries) if (node === empty) parent.entries.delete(name);
      empty = parent;
    }
  }

  #freeUnused(node: FileNode): void {
    if (node.links === 0 && node.openings === 0) node.bytes.truncate(0);
  }

  #newFile(mode: number, bytes: SparseBytes = new SparseBytes(this.#quota)): FileNode {
    return { type: 'file', bytes, version: 0, links: 0, openings: 0, ...this.#newNode(mode) };
  }

  #newNode(mode: number): { id: number; mode: number; atimeMs: number; mtimeMs: number } {
    const now = this.#nowMs();
    return { id: nodesMade++, mode, atimeMs: now, mtimeMs: now };
  }
}

function checked(options: MemoryStorageOptions): MemoryStorageOptions {
  requireOptions('options', options, ['capacityBytes', 'umask', 'nowMs', 'capabilities']);
  const { capacityBytes, umask, nowMs, capabilities } = options;
  if (capacityBytes !== undefined) requireInteger('options.capacityBytes', capacityBytes, 0);
  if (umask !== undefined) requireInteger('options.umask', umask, 0, 0o777);
  if (nowMs !== undefined) requireFunction('options.nowMs', nowMs);
  requireOptions('options.capabilities', capabilities, Object.keys(memoryCapabilities));
  if (capabilities?.durableSync) {
    throw argumentRangeError('options.capabilities.durableSync', 'false: memory is not durable', true);
  }
  return options;
}

function requireNode({ node }: Place): MemoryNode {
  if (node === undefined) throw new MemoryFailure('ENOENT');
  return node;
}

function requireFile(node: MemoryNode): FileNode {
  if (node.type === 'directory') throw new MemoryFailure('EISDIR');
  if (node.type === 'symlink') throw new MemoryFailure('ELOOP');
  return node;
}

/** The file at a place, or undefined when nothing is there. */
function requirePlain({ node }: Place): FileNode | undefined {
  return node === undefined ? undefined : requireFile(node);
}

/** The name that a new file would get at a place where nothing is. */
function requireNameFor({ name, asDirectory }: Place): string {
  if (name === undefined || asDirectory) throw new MemoryFailure('EISDIR');
  return name;
}

function requireVersion(stat: FileStat | undefined, version: string): void {
  if (stat?.version === version) return;
  throw new MemoryFailure('ESTALE', `it has version ${stat?.version ?? 'none'} instead of ${version}`);
}
