import { isMissingCode } from '@libconveyor/irods-protocol';
import { type CollectionRow, findCollection, type ReplicaRow, replicasOf } from './calls/queries.ts';
import type { Connection } from './connection/connection.ts';
import { IrodsFailure } from './connection/failure.ts';
import type { Pool } from './connection/pool.ts';
import { Refusal } from './error-map.ts';
import { representative } from './file-stat.ts';
import { type IrodsPath, parentOf, pathOf } from './paths.ts';
import { isLost, type Patience } from './patience.ts';

/** What a path leads to. */
export type Found =
  | { readonly type: 'file'; readonly replica: ReplicaRow; readonly replicas: readonly ReplicaRow[] }
  | { readonly type: 'directory'; readonly row: CollectionRow };

const root: CollectionRow = { path: '/', id: '0', modifiedS: 0 };

/** Names as files and directories: data objects and collections. */
export class Namespace {
  readonly #pool: Pool;
  readonly #patience: Patience;

  constructor(pool: Pool, patience: Patience) {
    this.#pool = pool;
    this.#patience = patience;
  }

  /** Asks something that can be asked again. */
  ask<T>(work: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#patience.run(() => this.#pool.run(work, signal), isLost, signal);
  }

  /** What a path leads to; undefined: nothing that may be seen. Errors: ENOTDIR for a file written as a directory. */
  async find(path: IrodsPath, signal?: AbortSignal): Promise<Found | undefined> {
    const found = await this.ask((connection) => findOn(connection, path), signal);
    if (found?.type === 'file' && path.asDirectory) throw new Refusal('ENOTDIR');
    return found;
  }

  /** What a path leads to. Errors: ENOENT, ENOTDIR. */
  async get(path: IrodsPath, signal?: AbortSignal): Promise<Found> {
    const found = await this.find(path, signal);
    if (found === undefined) throw await this.missing(path, signal);
    return found;
  }

  /** Why nothing is there: ENOENT, or ENOTDIR when the path leads through a data object. */
  async missing({ full }: IrodsPath, signal?: AbortSignal, cause?: unknown): Promise<Refusal> {
    for (let above = parentOf(full); above !== '/'; above = parentOf(above)) {
      const found = await this.find(pathOf(above), signal);
      if (found?.type === 'file') return new Refusal('ENOTDIR', `'${above}' is no collection`, cause);
      if (found !== undefined) break;
    }
    return new Refusal('ENOENT', undefined, cause);
  }

  /** A failure to find something, explained as far as the catalog knows; other failures as they are. */
  async explained(thrown: unknown, path: IrodsPath, signal?: AbortSignal): Promise<unknown> {
    if (!(thrown instanceof IrodsFailure) || !isMissingCode(thrown.irodsCode)) return thrown;
    const found = await this.find(path, signal);
    if (found === undefined) return this.missing(path, signal, thrown);
    if (found.type === 'directory') return new Refusal('EISDIR', undefined, thrown);
    return thrown;
  }
}

/** Both questions are on their way at once. */
export async function findOn(connection: Connection, path: IrodsPath): Promise<Found | undefined> {
  const [objects, collection] = await Promise.allSettled([
    replicasOf(connection, path),
    findCollection(connection, path.full),
  ]);
  if (objects.status === 'rejected') throw objects.reason;
  if (collection.status === 'rejected') throw collection.reason;
  const replica = representative(objects.value);
  if (replica !== undefined) return { type: 'file', replica, replicas: objects.value };
  if (collection.value !== undefined) return { type: 'directory', row: collection.value };
  return path.full === '/' ? { type: 'directory', row: root } : undefined;
}
