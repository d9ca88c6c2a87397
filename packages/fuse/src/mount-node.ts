import type { FileStat, FileType } from '@libconveyor/storage';
import type { OpenNode } from './open-node.ts';

/** Attributes that a storage cannot keep; the mount does, as long as it lives. */
export interface KeptAttributes {
  mode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  atimeMs?: number | undefined;
  mtimeMs?: number | undefined;
  /** When `mtimeMs` was set; what is written later counts more. */
  mtimeSetMs?: number | undefined;
  /** Whether the open file has been told of `mtimeMs`. */
  isTold?: boolean | undefined;
  /** The version of the content that `mtimeMs` belongs to, once it is known. */
  version?: string | undefined;
}

/** A file or directory that the kernel knows of, or that has something to be kept. */
export class MountNode {
  readonly id: number;
  readonly children: Map<string, MountNode> = new Map();
  /** What a listing said of names in this directory, for as long as entries are believed. */
  readonly listed: Map<string, { readonly stat: FileStat; readonly untilMs: number }> = new Map();
  readonly kept: KeptAttributes = {};
  type: FileType;
  name: string;
  /** undefined for the root, and for what was removed. */
  parent: MountNode | undefined;
  isRemoved = false;
  lookups = 0;
  /** While processes have it open. */
  open: OpenNode | undefined;
  /** The version whose bytes the kernel may have in memory. */
  cachedVersion: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(id: number, type: FileType, parent: MountNode | undefined, name: string) {
    this.id = id;
    this.type = type;
    this.parent = parent;
    this.name = name;
  }

  /** Runs `work` when all that was asked for before has ended: opening, closing, moving and removing one file. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** This node and all below it that are open. */
  *opened(): Generator<MountNode> {
    if (this.open !== undefined) yield this;
    for (const child of this.children.values()) yield* child.opened();
  }
}

/** The nodes of one mount, by the numbers that the kernel has for them. */
export class NodeTree {
  readonly root: MountNode = new MountNode(1, 'directory', undefined, '');
  readonly #byId = new Map<number, MountNode>([[1, this.root]]);
  readonly #rootPath: string;
  #lastId = 1;

  /** @param rootPath Where the root is in the storage. */
  constructor(rootPath: string) {
    this.#rootPath = rootPath.replace(/\/+$/, '');
  }

  at(id: number): MountNode {
    return this.#byId.get(id) ?? this.root;
  }

  /** The path in the storage. */
  path(node: MountNode): string {
    return node.parent === undefined ? `${this.#rootPath}/` : this.pathIn(node.parent, node.name);
  }

  pathIn(parent: MountNode, name: string): string {
    return `${this.path(parent).replace(/\/$/, '')}/${name}`;
  }

  /** The node of a name; a new one where there is none, or one of another type. */
  enter(parent: MountNode, name: string, type: FileType): MountNode {
    const known = parent.children.get(name);
    if (known !== undefined && known.type === type) return known;
    if (known !== undefined) this.detach(known);
    const node = new MountNode(++this.#lastId, type, parent, name);
    parent.children.set(name, node);
    this.#byId.set(node.id, node);
    return node;
  }

  /** The name leads nowhere any more; the node lives on while it is known. */
  detach(node: MountNode): void {
    node.parent?.children.delete(node.name);
    node.parent = undefined;
    node.isRemoved = true;
    this.#tidy(node);
  }

  move(node: MountNode, parent: MountNode, name: string): void {
    const replaced = parent.children.get(name);
    if (replaced !== undefined && replaced !== node) this.detach(replaced);
    node.parent?.children.delete(node.name);
    node.parent = parent;
    node.name = name;
    parent.children.set(name, node);
  }

  forget(node: MountNode, lookups: number): void {
    node.lookups = Math.max(0, node.lookups - lookups);
    this.#tidy(node);
  }

  /** Lets go of what nobody knows and nothing hangs on. */
  #tidy(node: MountNode): void {
    if (node === this.root || node.lookups > 0 || node.open !== undefined || node.children.size > 0) return;
    if (!node.isRemoved && Object.keys(node.kept).length > 0) return;
    this.#byId.delete(node.id);
    const { parent } = node;
    if (parent === undefined) return;
    parent.children.delete(node.name);
    node.parent = undefined;
    this.#tidy(parent);
  }
}
