import type { Collection, DataObject } from './entries.ts';

/** Keeps what the catalog says beyond the server's life. */
export interface CatalogKeeper {
  save(entry: Collection | DataObject): void;
  forget(entry: Collection | DataObject): void;
}

/** Keeps nothing. */
export const noKeeper: CatalogKeeper = { save: () => undefined, forget: () => undefined };
