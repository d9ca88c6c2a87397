import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { isLockedCode, isMissingCode, openFlags } from '@libconveyor/irods-protocol';
import {
  type Attributes,
  type DirectoryEntry,
  type FileAdapter,
  type FileContext,
  type FileStat,
  isReadable,
  isWritable,
  type MkdirOptions,
  type OpenOptions,
  Replacement,
  type ReplacementOptions,
  StorageAdapter,
} from '@libconveyor/storage';
import { createCollection, removeCollection, touch, unlink } from './calls/names.ts';
import { collectionsIn, type ReplicaRow, replicasIn } from './calls/queries.ts';
import { irodsCapabilities } from './capabilities.ts';
import { poolOf } from './connect.ts';
import { hasCode, IrodsFailure } from './connection/failure.ts';
import type { Pool } from './connection/pool.ts';
import { mapError, origin, Refusal } from './error-map.ts';
import { directoryStatOf, fileStatOf, representative, versionOf } from './file-stat.ts';
import { moveEntry } from './moves.ts';
import { Namespace } from './namespace.ts';
import { type ObjectAccess, onReplica } from './object-access.ts';
import { type CheckedOptions, checkOptions, type IrodsStorageOptions } from './options.ts';
import { childOf, type IrodsPath, pathOf } from './paths.ts';
import { isLost, Patience } from './patience.ts';
import { publishObject } from './publication.ts';
import { IrodsReadFile } from './read-file.ts';
import { ReadObject } from './read-object.ts';
import { SentHash } from './sent-hash.ts';
import { creation, IrodsWriteFile, type WriteStart } from './write-file.ts';
import { WriteSession } from './write-session.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_RDWR } = constants;
/** Somebody else made it meanwhile, or the name is a collection's. */
const existsCodes = [-809_000, -834_000, -833_000, -510_017, -312_000];

/**
 * A zone. Paths are logical paths, `/zone/home/alice/a`. An object that is open for writing is locked for everybody
 * else; `sync` lets it go until the next write.
 *
 * Errors: those of the contract; EBUSY for locked objects; ESTALE where somebody else changed an object under an open
 * file; what the server said is in `detail`, its code and request in the `cause`.
 */
export class IrodsStorage extends StorageAdapter {
  readonly #options: CheckedOptions;
  readonly #pool: Pool;
  readonly #patience: Patience;
  readonly #names: Namespace;
  readonly #access: ObjectAccess;

  private constructor(options: CheckedOptions) {
    const { host, port, zone, attemptsMax, retryDelayMs, clock, streamsMax, pieceBytes, resource, replica } = options;
    super({ scheme: 'irods', name: `irods://${host}:${port}/${zone}`, capabilities: irodsCapabilities, origin });
    this.#options = options;
    this.#pool = poolOf(options);
    this.#patience = new Patience(attemptsMax, retryDelayMs, clock);
    this.#names = new Namespace(this.#pool, this.#patience);
    this.#access = { pool: this.#pool, patience: this.#patience, streamsMax, pieceBytes, resource, replica };
  }

  /**
   * A storage for a zone, after a first login.
   *
   * Errors: TypeError, RangeError with the option's name; EACCES for a wrong password or an unknown user; EPROTO where
   * TLS cannot be agreed on or the certificate is not trusted; ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT.
   */
  static async connect(options: IrodsStorageOptions): Promise<IrodsStorage> {
    const storage = new IrodsStorage(checkOptions(options));
    try {
      await storage.#pool.run(async () => undefined);
      return storage;
    } catch (thrown) {
      throw mapError(thrown, { origin, operation: 'connect', path: storage.name });
    }
  }

  protected override async _open(path: string, flags: number, options: OpenOptions): Promise<FileAdapter> {
    const place = pathOf(path);
    const context = { ...this.context, path, flags };
    const { signal } = options;
    if (place.asDirectory || place.name === '') {
      const found = await this.#names.get(place, signal);
      throw new Refusal(found.type === 'directory' ? 'EISDIR' : 'ENOTDIR');
    }
    if ((flags & O_EXCL) !== 0) await this.#createNew(place, signal);
    try {
      if (isWritable(flags)) return await this.#openForWriting(place, context, flags, options);
      return await this.#openForReading(place, context, flags, options);
    } catch (thrown) {
      throw await this.#names.explained(thrown, place, signal);
    }
  }

  /** A hidden object beside the name, which takes its place when it is whole. */
  protected override async _openReplacement(path: string, options: ReplacementOptions): Promise<Replacement> {
    const place = pathOf(path);
    const { signal, exclusive } = options;
    if (place.asDirectory || place.name === '') throw new Refusal('EISDIR');
    const found = await this.#names.find(place, signal);
    if (found?.type === 'directory') throw new Refusal('EISDIR');
    let hidden = hiddenBeside(place);
    const session = await this.#patience.run(
      async () => {
        try {
          return await this.#create(hidden, openFlags.readWrite, signal);
        } catch (thrown) {
          if (hasCode(thrown, -814_000, -358_000)) throw await this.#names.missing(place, signal, thrown);
          if (isLost(thrown)) {
            // It may be there, and stale; the next attempt has another name.
            await this.#discard(hidden).catch(() => undefined);
            hidden = hiddenBeside(place);
          }
          throw thrown;
        }
      },
      isLost,
      signal,
    );
    const { hashScheme, verifiesReplacements } = this.#options;
    const hash = verifiesReplacements ? new SentHash(hashScheme) : undefined;
    const file = this.#fileOf({ ...this.context, path, flags: O_RDWR }, hidden, session, false, hash);
    let isPublished = false;
    return new Replacement(origin, file, {
      publish: async (after) => {
        await file.publish(after);
        await file.verify(after);
        const settings = { exclusive: exclusive ?? false };
        await publishObject(this.#names, this.#access, file, hidden, place, settings, after);
        isPublished = true;
      },
      drop: async () => {
        if (!isPublished) await this.#discard(hidden);
      },
      mapError,
    });
  }

  protected override async _stat(path: string, _followLinks: boolean, signal?: AbortSignal): Promise<FileStat> {
    const found = await this.#names.get(pathOf(path), signal);
    return found.type === 'file' ? fileStatOf(found.replica) : directoryStatOf(found.row);
  }

  protected override async *_list(path: string, signal?: AbortSignal): AsyncGenerator<DirectoryEntry> {
    const place = pathOf(path);
    const found = await this.#names.get(place, signal);
    if (found.type === 'file') throw new Refusal('ENOTDIR');
    // Pages belong to the connection that was asked for the first one.
    const lease = await this.#pool.lease(signal);
    try {
      const { connection } = lease;
      let replicas: ReplicaRow[] = [];
      for await (const row of replicasIn(connection, place.full)) {
        if (replicas.length > 0 && replicas[0]?.name !== row.name) {
          yield entryOf(replicas);
          replicas = [];
        }
        replicas.push(row);
      }
      if (replicas.length > 0) yield entryOf(replicas);
      for await (const row of collectionsIn(connection, place.full)) {
        yield { name: pathOf(row.path).name, type: 'directory', stat: directoryStatOf(row) };
      }
    } finally {
      lease.release();
    }
  }

  protected override async _mkdir(path: string, { recursive = false, signal }: MkdirOptions): Promise<void> {
    const place = pathOf(path);
    const found = await this.#names.find({ ...place, asDirectory: false }, signal);
    if (found?.type === 'directory' && recursive) return;
    if (found !== undefined) throw new Refusal('EEXIST');
    try {
      await this.#pool.run((connection) => createCollection(connection, place.full, recursive), signal);
    } catch (thrown) {
      const isInTheWay = hasCode(thrown, -833_000, -834_000);
      if (hasCode(thrown, -809_000) && recursive) return;
      if (!isInTheWay && !hasCode(thrown, -814_000)) throw thrown;
      const reason = await this.#names.missing(place, signal, thrown);
      throw isInTheWay && reason.code === 'ENOENT' ? new Refusal('EEXIST', undefined, thrown) : reason;
    }
  }

  protected override async _remove(path: string, signal?: AbortSignal): Promise<void> {
    const place = pathOf(path);
    if (place.name === '') throw new Refusal('EBUSY', 'it is the root');
    const found = await this.#names.get(place, signal);
    const { usesTrash } = this.#options;
    await this.#pool.run(
      (connection) =>
        found.type === 'file' ? unlink(connection, place.full, usesTrash) : removeCollection(connection, place.full),
      signal,
    );
  }

  protected override async _rename(source: string, target: string, signal?: AbortSignal): Promise<void> {
    await moveEntry(this.#names, this.#pool, pathOf(source), pathOf(target), signal);
  }

  protected override async _copy(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _setAttributes(path: string, { mtimeMs }: Attributes, signal?: AbortSignal): Promise<void> {
    const place = pathOf(path);
    await this.#names.get(place, signal);
    if (mtimeMs === undefined) return;
    if (mtimeMs < 0) throw new Refusal('EINVAL', 'times before 1970 cannot be kept');
    await this.#names.ask((connection) => touch(connection, place.full, Math.floor(mtimeMs / 1000)), signal);
  }

  protected override async _readLink(): Promise<string> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _makeLink(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _close(): Promise<void> {
    this.#pool.close();
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  async #openForReading(
    place: IrodsPath,
    context: FileContext,
    flags: number,
    { ifVersion, signal }: OpenOptions,
  ): Promise<IrodsReadFile> {
    let object: ReadObject;
    try {
      object = await ReadObject.open(this.#access, place.full, signal);
    } catch (thrown) {
      if ((flags & O_CREAT) === 0 || !isMissing(thrown)) throw thrown;
      await (await this.#create(place, openFlags.writeOnly, signal)).finish();
      object = await ReadObject.open(this.#access, place.full, signal);
    }
    if (ifVersion !== undefined && versionOf(object.facts) !== ifVersion) {
      await object.close();
      throw new Refusal('ESTALE', `it does not have version ${ifVersion}`);
    }
    return new IrodsReadFile(context, object, this.#options.verifiesReads);
  }

  async #openForWriting(
    place: IrodsPath,
    context: FileContext,
    flags: number,
    { ifVersion, signal }: OpenOptions,
  ): Promise<IrodsWriteFile> {
    let isDoubtful = false;
    try {
      const session = await this.#patience.run(
        () => this.#openOrCreate(place, flags, signal),
        (thrown) => {
          isDoubtful ||= isLost(thrown);
          // Once a connection was lost, the lock may be its own.
          return isLost(thrown) || hasCode(thrown, -809_000) || (isDoubtful && isLocked(thrown));
        },
        signal,
      );
      if (ifVersion !== undefined && versionOf(session.facts) !== ifVersion) {
        await session.finish();
        throw new Refusal('ESTALE', `it does not have version ${ifVersion}`);
      }
      return this.#fileOf(context, place, session, isDoubtful);
    } catch (thrown) {
      // Whoever appends comes to the end of what the other one writes, later.
      if ((flags & O_APPEND) === 0 || !isLocked(thrown)) throw thrown;
      const found = await this.#names.get(place, signal);
      if (found.type === 'directory') throw new Refusal('EISDIR');
      const { dataId, size } = found.replica;
      return new IrodsWriteFile(context, this.#access, this.#names, {
        place,
        dataId,
        size,
        session: undefined,
        isDoubtful,
      });
    }
  }

  /** An object that is there is opened without O_CREAT, which might make another replica of it. */
  async #openOrCreate(place: IrodsPath, flags: number, signal: AbortSignal | undefined): Promise<WriteSession> {
    const access = isReadable(flags) ? openFlags.readWrite : openFlags.writeOnly;
    const truncates = (flags & O_TRUNC) === 0 ? 0 : openFlags.truncate;
    try {
      return await WriteSession.open(this.#access, place, access | truncates, onReplica(this.#options.replica), signal);
    } catch (thrown) {
      if ((flags & O_CREAT) === 0 || !isMissing(thrown)) throw thrown;
    }
    return this.#create(place, access, signal);
  }

  async #create(place: IrodsPath, access: number, signal: AbortSignal | undefined): Promise<WriteSession> {
    try {
      return await WriteSession.open(this.#access, place, access | openFlags.create, creation(this.#access), signal);
    } catch (thrown) {
      throw hasCode(thrown, -833_000) ? new Refusal('EISDIR', undefined, thrown) : thrown;
    }
  }

  /** O_EXCL: a hidden object takes the name, which the catalog lets one of many do. Errors: EEXIST. */
  async #createNew(place: IrodsPath, signal: AbortSignal | undefined): Promise<void> {
    if ((await this.#names.find(place, signal)) !== undefined) throw new Refusal('EEXIST');
    const hidden = hiddenBeside(place);
    try {
      const session = await this.#create(hidden, openFlags.writeOnly, signal);
      const { dataId } = session.facts;
      await session.finish();
      await publishObject(this.#names, this.#access, { dataId }, hidden, place, { exclusive: true }, signal);
    } catch (thrown) {
      await this.#discard(hidden).catch(() => undefined);
      if (hasCode(thrown, ...existsCodes)) throw new Refusal('EEXIST', undefined, thrown);
      throw await this.#names.explained(thrown, place, signal);
    }
  }

  #fileOf(
    context: FileContext,
    place: IrodsPath,
    session: WriteSession,
    isDoubtful: boolean,
    hash?: SentHash,
  ): IrodsWriteFile {
    const { dataId, size } = session.facts;
    const truncated = (context.flags & O_TRUNC) !== 0 ? 0 : size;
    const start: WriteStart = { place, dataId, size: truncated, session, isDoubtful, hash };
    return new IrodsWriteFile(context, this.#access, this.#names, start);
  }

  async #discard(hidden: IrodsPath): Promise<void> {
    const isWorthAnother = (thrown: unknown) => isLost(thrown) || isLocked(thrown);
    await this.#patience.run(async () => {
      try {
        await this.#pool.run((connection) => unlink(connection, hidden.full, false));
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
      }
    }, isWorthAnother);
  }
}

function hiddenBeside({ parent }: IrodsPath): IrodsPath {
  return childOf(parent, `.conveyor-${randomBytes(9).toString('base64url')}.tmp`);
}

function entryOf(replicas: readonly ReplicaRow[]): DirectoryEntry {
  const replica = representative(replicas) as ReplicaRow;
  return { name: replica.name, type: 'file', stat: fileStatOf(replica) };
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof IrodsFailure && isMissingCode(thrown.irodsCode);
}

function isLocked(thrown: unknown): boolean {
  return thrown instanceof IrodsFailure && isLockedCode(thrown.irodsCode);
}
