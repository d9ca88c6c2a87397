import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from './catalog.ts';
import { type AccessLevel, type Collection, type DataObject, isCollection, type Replica } from './entries.ts';
import type { CatalogKeeper } from './keeper.ts';

interface KeptEntry {
  id: number;
  parentId: number;
  name: string;
  owner: string;
  createdS: number;
  modifiedS: number;
  access: [string, AccessLevel][];
  inherits?: boolean;
  dataType?: string;
  replicas?: (Omit<Replica, 'file'> & { file: string })[];
}

/** Keeps a document per collection and data object; what appears there appears whole. */
export class DiskKeeper implements CatalogKeeper {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  /** Puts what was kept into an empty catalog. Replicas that were being written stay locked, as after a crash. */
  load(catalog: Catalog): void {
    const kept = readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(this.#folder, name), 'utf8')) as KeptEntry)
      .sort((a, b) => a.id - b.id);
    const collections = new Map<number, Collection>([[catalog.root.id, catalog.root]]);
    const waiting = kept.filter(({ replicas }) => replicas === undefined);
    for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
      before = waiting.length;
      for (const entry of waiting.splice(0)) {
        const parent = collections.get(entry.parentId);
        if (parent === undefined) waiting.push(entry);
        else collections.set(entry.id, restoreCollection(catalog, parent, entry));
      }
    }
    for (const entry of kept) {
      catalog.reserveIds(entry.id);
      const parent = collections.get(entry.parentId);
      if (entry.replicas !== undefined && parent !== undefined) restoreObject(catalog, parent, entry);
    }
  }

  save(entry: Collection | DataObject): void {
    const { id, name, owner, createdS, modifiedS, access, parent } = entry;
    if (parent === undefined) return;
    const kept: KeptEntry = { id, parentId: parent.id, name, owner, createdS, modifiedS, access: [...access] };
    if (isCollection(entry)) kept.inherits = entry.inherits;
    else {
      kept.dataType = entry.dataType;
      kept.replicas = entry.replicas.map(({ file, ...rest }) => ({ ...rest, file: file.name }));
    }
    const path = join(this.#folder, `${id}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(kept));
    renameSync(`${path}.new`, path);
  }

  forget({ id }: Collection | DataObject): void {
    rmSync(join(this.#folder, `${id}.json`), { force: true });
  }
}

function restoreCollection(catalog: Catalog, parent: Collection, entry: KeptEntry): Collection {
  const collection = catalog.makeCollection(parent, entry.name, entry.owner, entry.id);
  collection.createdS = entry.createdS;
  collection.modifiedS = entry.modifiedS;
  collection.inherits = entry.inherits === true;
  collection.access.clear();
  for (const [user, level] of entry.access) collection.access.set(user, level);
  return collection;
}

function restoreObject({ vault }: Catalog, parent: Collection, entry: KeptEntry): void {
  const { id, name, owner, createdS, modifiedS, dataType = 'generic' } = entry;
  const replicas = (entry.replicas ?? []).map(({ file, ...rest }) => ({ ...rest, file: vault.open(file) }));
  const object = { id, name, owner, createdS, modifiedS, access: new Map(entry.access), parent, dataType, replicas };
  parent.objects.set(name, object);
}
