import { mapError, origin } from './error-map.ts';
import { abortUpload, openUploads } from './multipart.ts';
import type { Objects } from './objects.ts';

/** An upload that nobody has ended: its parts take room, and no name shows them. */
export interface OrphanedUpload {
  readonly key: string;
  readonly id: string;
  /** When it was begun, milliseconds since 1970. */
  readonly begunMs: number;
}

/** Finds and ends uploads that crashed programs left behind, and those under way: age tells them apart. */
export class Orphans {
  readonly #objects: Objects;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** The uploads of keys with this prefix that were begun before `beforeMs`. Errors: as of `list` of a storage. */
  async *list(prefix: string, beforeMs: number, signal?: AbortSignal): AsyncGenerator<OrphanedUpload> {
    try {
      for await (const upload of openUploads(this.#objects, prefix, signal)) {
        if (upload.begunMs <= beforeMs) yield upload;
      }
    } catch (thrown) {
      throw mapError(thrown, { origin, operation: 'listUploads', path: prefix });
    }
  }

  /** Ends an upload; one that has ended meanwhile is no error. */
  async remove({ key, id }: OrphanedUpload, signal?: AbortSignal): Promise<void> {
    try {
      await abortUpload(this.#objects, key, id, signal);
    } catch (thrown) {
      throw mapError(thrown, { origin, operation: 'removeUpload', path: key });
    }
  }
}
