import type { PhysicalFile } from '../vault/vault.ts';

/** What somebody may do, each including those before it. */
export const accessLevels = ['null', 'read', 'write', 'own'] as const;
export type AccessLevel = (typeof accessLevels)[number];

/** What collections and data objects have in common. */
interface Entry {
  /** Unique in the zone. */
  readonly id: number;
  name: string;
  owner: string;
  /** Seconds since 1970. */
  createdS: number;
  modifiedS: number;
  /** By the names of users; {@link everybody} stands for all. */
  readonly access: Map<string, AccessLevel>;
}

/** The group that all users are in. */
export const everybody = 'public';

/** A collection: a node of the tree. */
export interface Collection extends Entry {
  /** Undefined for `/`. */
  parent: Collection | undefined;
  /** Whether what is made inside has the same access. */
  inherits: boolean;
  readonly collections: Map<string, Collection>;
  readonly objects: Map<string, DataObject>;
}

/** One copy of a data object. */
export interface Replica {
  readonly number: number;
  /** `root;middle;leaf`. */
  readonly hierarchy: string;
  /** As the catalog has it; the bytes may be more or fewer. */
  size: number;
  /** Of `replicaStatus`. */
  status: number;
  /** As the catalog has it; empty for none. */
  checksum: string;
  createdS: number;
  modifiedS: number;
  mode: number;
  file: PhysicalFile;
}

/** A data object. */
export interface DataObject extends Entry {
  parent: Collection;
  dataType: string;
  /** In order of their numbers; never empty but while it is made or removed. */
  replicas: Replica[];
}

/** The path of a collection. */
export function pathOf(collection: Collection): string {
  const names: string[] = [];
  for (let node: Collection | undefined = collection; node?.parent !== undefined; node = node.parent) {
    names.unshift(node.name);
  }
  return `/${names.join('/')}`;
}

/** The path of what is called `name` in a collection. */
export function pathIn(collection: Collection, name: string): string {
  const parent = pathOf(collection);
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Whether an entry is a collection. */
export function isCollection(entry: Collection | DataObject): entry is Collection {
  return 'collections' in entry;
}
