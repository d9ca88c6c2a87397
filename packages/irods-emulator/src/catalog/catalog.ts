import { replicaStatus } from '@libconveyor/irods-protocol';
import type { PhysicalFile, Vault } from '../vault/vault.ts';
import { type Collection, type DataObject, everybody, isCollection, pathIn, pathOf, type Replica } from './entries.ts';
import { type CatalogKeeper, noKeeper } from './keeper.ts';
import { splitPath } from './paths.ts';

/** What a catalog needs from its server. */
export interface CatalogSettings {
  readonly zone: string;
  readonly vault: Vault;
  /** Seconds since 1970. */
  readonly nowS: () => number;
}

/** The tree of a zone. It knows no permissions and no locks; operations do. */
export class Catalog {
  readonly zone: string;
  readonly vault: Vault;
  readonly nowS: () => number;
  readonly root: Collection;
  /** Replaced once what was kept is loaded. */
  keeper: CatalogKeeper = noKeeper;
  #lastId = 10_100;

  constructor({ zone, vault, nowS }: CatalogSettings) {
    this.zone = zone;
    this.vault = vault;
    this.nowS = nowS;
    this.root = this.makeCollection(undefined, '', 'rods', 10_000);
    this.root.access.set(everybody, 'read');
  }

  /** A number that nothing has yet. */
  newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Numbers up to this one are taken. */
  reserveIds(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  /** What a path without a slash at its end names. */
  find(path: string): Collection | DataObject | undefined {
    if (path === '/') return this.root;
    if (!path.startsWith('/')) return undefined;
    const { parent, name } = splitPath(path);
    const collection = this.findCollection(parent);
    return collection?.collections.get(name) ?? collection?.objects.get(name);
  }

  findCollection(path: string): Collection | undefined {
    if (!path.startsWith('/')) return undefined;
    let node: Collection | undefined = this.root;
    for (const name of path.split('/').slice(1)) {
      if (path === '/' || node === undefined) break;
      node = node.collections.get(name);
    }
    return node;
  }

  findObject(path: string): DataObject | undefined {
    const found = this.find(path);
    return found === undefined || isCollection(found) ? undefined : found;
  }

  /** Every collection, parents first. */
  *collections(from: Collection = this.root): Generator<Collection> {
    yield from;
    for (const child of from.collections.values()) yield* this.collections(child);
  }

  /** Every data object. */
  *objects(from: Collection = this.root): Generator<DataObject> {
    for (const collection of this.collections(from)) yield* collection.objects.values();
  }

  makeCollection(parent: Collection | undefined, name: string, owner: string, id: number = this.newId()): Collection {
    const now = this.nowS();
    const access = new Map(parent?.inherits ? parent.access : []);
    const inherits = parent?.inherits ?? false;
    const times = { createdS: now, modifiedS: now };
    const maps = { collections: new Map(), objects: new Map() };
    const collection: Collection = { id, name, owner, ...times, access, parent, inherits, ...maps };
    collection.access.set(owner, 'own');
    parent?.collections.set(name, collection);
    this.keeper.save(collection);
    return collection;
  }

  /** The collection of a path, made with its parents where they are missing, for `owner` or their parent's owner. */
  ensureCollection(path: string, owner?: string): Collection {
    let node = this.root;
    for (const name of path.split('/').slice(1)) {
      if (name !== '') node = node.collections.get(name) ?? this.makeCollection(node, name, owner ?? node.owner);
    }
    return node;
  }

  makeObject(parent: Collection, name: string, owner: string, dataType: string): DataObject {
    const now = this.nowS();
    const access = new Map(parent.inherits ? parent.access : []);
    const times = { createdS: now, modifiedS: now };
    const object: DataObject = { id: this.newId(), name, owner, ...times, access, parent, dataType, replicas: [] };
    object.access.set(owner, 'own');
    parent.objects.set(name, object);
    return object;
  }

  /** A replica without bytes, being written. */
  makeReplica(object: DataObject, hierarchy: string, mode: number, file: PhysicalFile = this.vault.create()): Replica {
    const now = this.nowS();
    const number = Math.max(-1, ...object.replicas.map((replica) => replica.number)) + 1;
    const status = replicaStatus.intermediate;
    const replica: Replica = {
      number,
      hierarchy,
      size: 0,
      status,
      checksum: '',
      createdS: now,
      modifiedS: now,
      mode,
      file,
    };
    object.replicas.push(replica);
    return replica;
  }

  /** Removes a data object and its bytes. */
  removeObject(object: DataObject): void {
    object.parent.objects.delete(object.name);
    for (const { file } of object.replicas) this.vault.remove(file);
    this.keeper.forget(object);
  }

  /** Removes a collection, which must be empty. */
  removeCollection(collection: Collection): void {
    collection.parent?.collections.delete(collection.name);
    this.keeper.forget(collection);
  }

  /** Gives an entry another place; there must be nothing of that name. */
  move(entry: Collection | DataObject, parent: Collection, name: string): void {
    if (isCollection(entry)) {
      entry.parent?.collections.delete(entry.name);
      parent.collections.set(name, entry);
    } else {
      entry.parent.objects.delete(entry.name);
      parent.objects.set(name, entry);
    }
    entry.parent = parent;
    entry.name = name;
    entry.modifiedS = this.nowS();
    this.keeper.save(entry);
  }

  /** The path of an entry. */
  pathOf(entry: Collection | DataObject): string {
    return isCollection(entry) ? pathOf(entry) : pathIn(entry.parent, entry.name);
  }

  /** Bytes in all replicas, as the catalog has them. */
  get usedBytes(): number {
    let sum = 0;
    for (const { replicas } of this.objects()) for (const { file } of replicas) sum += file.size;
    return sum;
  }
}
