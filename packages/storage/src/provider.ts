import type { Storage } from './storage.ts';

/** What a URL means: a storage, and a path in it. */
export interface StorageLocation {
  readonly storage: Storage;
  readonly path: string;
}

/** How programs find the storage for a URL: each adapter exports one. */
export interface StorageProvider {
  /** The schemes it knows, without colon. */
  readonly schemes: readonly string[];
  /**
   * Finds what a URL means; nothing is opened yet, and whether it exists is not asked. The caller closes the storage.
   *
   * Errors: ConveyorError EINVAL for a URL that means nothing here; whatever connecting can be rejected with.
   */
  locate(url: string | URL): Promise<StorageLocation>;
}
