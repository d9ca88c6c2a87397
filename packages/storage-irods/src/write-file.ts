import { constants } from 'node:fs';
import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { isLockedCode, keyword, openFlags, replicaStatus } from '@libconveyor/irods-protocol';
import {
  type Attributes,
  FileAdapter,
  type FileContext,
  type FileStat,
  isReadable,
  SharedLock,
} from '@libconveyor/storage';
import { checksum, touch, truncate } from './calls/names.ts';
import type { ReplicaRow } from './calls/queries.ts';
import { IrodsFailure } from './connection/failure.ts';
import { mapError, Refusal } from './error-map.ts';
import { type Content, fileStatOf, representative, versionOf } from './file-stat.ts';
import type { Namespace } from './namespace.ts';
import { type ObjectAccess, onReplica } from './object-access.ts';
import type { IrodsPath } from './paths.ts';
import { isLost } from './patience.ts';
import { ReadObject } from './read-object.ts';
import type { SentHash } from './sent-hash.ts';
import { WriteSession } from './write-session.ts';

/** How a file open for writing begins. */
export interface WriteStart {
  readonly place: IrodsPath;
  readonly dataId: string;
  readonly size: number;
  /** Undefined: somebody else has the object locked, and this file appends to it later. */
  readonly session: WriteSession | undefined;
  /** A connection was lost on the way here: the server may have marked the replica as stale. */
  readonly isDoubtful: boolean;
  /** Hashes what is written, for `verify`. */
  readonly hash?: SentHash | undefined;
}

/**
 * A data object open for writing. It is locked from the opening, or from the first write behind a `sync`, to the next
 * `sync` or the close: nobody else reads or writes it meanwhile.
 *
 * A lost connection leaves what was written in a stale replica. The next attempt locks it again, if nobody else has
 * touched it, and goes on; a close makes it good only when every byte that was acknowledged is in it.
 */
export class IrodsWriteFile extends FileAdapter {
  readonly #access: ObjectAccess;
  readonly #names: Namespace;
  readonly #place: IrodsPath;
  readonly #dataId: string;
  readonly #appends: boolean;
  readonly #hash: SentHash | undefined;
  readonly #lock = new SharedLock();
  #replica: number | undefined;
  #size: number;
  #session: WriteSession | undefined;
  /** For reads between a sync and the next write. */
  #reader: ReadObject | undefined;
  /** What the last sync left behind. */
  #left: Content | undefined;
  /** A session was lost: the replica is stale, and what is known of it is to be compared with what is there. */
  #isLost = false;
  /** The next close has to change something, or the replica stays stale. */
  #mustChange: boolean;
  /** Of what was written last, to write it once more. */
  #lastByte: { readonly offset: number; readonly value: number } | undefined;
  #broken: Refusal | undefined;
  /** To be set once the object is not locked any more. */
  #mtimeMs: number | undefined;

  constructor(context: FileContext, access: ObjectAccess, names: Namespace, start: WriteStart) {
    super(context);
    this.#access = access;
    this.#names = names;
    this.#place = start.place;
    this.#dataId = start.dataId;
    this.#size = start.size;
    this.#session = start.session;
    this.#replica = start.session?.facts.replicaNumber ?? access.replica;
    this.#mustChange = start.isDoubtful;
    this.#hash = start.hash;
    this.#appends = (context.flags & constants.O_APPEND) !== 0;
  }

  /** For replacements: the object's identity in the catalog. */
  get dataId(): string {
    return this.#dataId;
  }

  /** Unlocks the object with everything written in it. */
  publish(signal: AbortSignal | undefined): Promise<void> {
    return this.#lock.exclusive(async () => {
      await this.#finish(signal);
      await this.#setTime();
    });
  }

  /**
   * Compares the server's own checksum of the object with that of the bytes that were sent, where they were sent in
   * order. Requires: `publish`.
   */
  async verify(signal: AbortSignal | undefined): Promise<void> {
    const replica = this.#replica;
    if (this.#hash?.covers(this.#size) !== true || replica === undefined) return;
    this.#hash.require(await this.#names.ask((connection) => checksum(connection, this.#place.full, replica), signal));
  }

  protected override async _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    return this.#access.patience.run(() => this.#readOnce(buffer, offset, signal), isLost, signal);
  }

  protected override async _write(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    // Where an append goes is decided once, with the object locked.
    let at = this.#appends ? undefined : offset;
    const write = async (session: WriteSession): Promise<void> => {
      at ??= this.#size;
      await session.write(buffer, at);
      const end = at + buffer.byteLength;
      this.#size = Math.max(this.#size, end);
      this.#lastByte = { offset: end - 1, value: buffer[buffer.byteLength - 1] as number };
      this.#mtimeMs = undefined;
    };
    this.#hash?.add(buffer, offset);
    try {
      await this.#access.patience.run(() => this.#withSession(write, signal), isLost, signal);
    } catch (thrown) {
      this.#hash?.giveUp();
      throw thrown;
    }
  }

  protected override async _append(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _size(signal?: AbortSignal): Promise<number> {
    if (this.#isOurs) return this.#size;
    return this.#lock.exclusive(async () => {
      if (!this.#isOurs) this.#size = (await this.#row(signal)).size;
      return this.#size;
    });
  }

  protected override async _stat(signal?: AbortSignal): Promise<FileStat> {
    const row = await this.#row(signal);
    const stat = fileStatOf(this.#isOurs ? { ...row, size: this.#size } : row);
    return this.#mtimeMs === undefined ? stat : { ...stat, mtimeMs: this.#mtimeMs };
  }

  protected override async _setAttributes({ mtimeMs }: Attributes): Promise<void> {
    if (mtimeMs === undefined) return;
    await this.#lock.exclusive(async () => {
      this.#mtimeMs = mtimeMs;
      if (!this.#isOurs) await this.#setTime();
    });
  }

  protected override async _truncate(size: number, signal?: AbortSignal): Promise<void> {
    await this.#lock.exclusive(async () => {
      if (this.#broken !== undefined) throw this.#broken;
      if (!this.#isOurs) this.#size = (await this.#row(signal)).size;
      if (size === this.#size) return;
      this.#hash?.giveUp();
      this.#mtimeMs = undefined;
      if (size > this.#size) await this.#extend(size, signal);
      else await this.#cut(size, signal);
    });
  }

  protected override async _sync(_dataOnly: boolean, signal?: AbortSignal): Promise<void> {
    await this.publish(signal);
  }

  protected override async _close(): Promise<void> {
    await this.#lock.exclusive(async () => {
      try {
        await this.#finish(undefined);
        await this.#setTime();
      } finally {
        this.#session?.abandon();
        this.#session = undefined;
        await this.#dropReader();
      }
    });
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** Whether what is known here counts, and not what the catalog says. */
  get #isOurs(): boolean {
    return this.#session !== undefined || this.#isLost;
  }

  async #readOnce(buffer: Uint8Array, offset: number, signal: AbortSignal | undefined): Promise<number> {
    for (;;) {
      const count = await this.#lock.shared(async () => {
        if (this.#broken !== undefined) throw this.#broken;
        const session = this.#session;
        if (session === undefined) return this.#reader?.read(buffer, offset, signal);
        const length = Math.max(0, Math.min(buffer.byteLength, this.#size - offset));
        if (length === 0) return 0;
        await this.#noting(session, () => session.read(buffer.subarray(0, length), offset));
        return length;
      });
      if (count !== undefined) return count;
      await this.#lock.exclusive(async () => {
        if (this.#session !== undefined || this.#reader !== undefined) return;
        if (this.#isLost) return this.#ensureSession(signal);
        const reader = await ReadObject.open(this.#access, this.#place.full, signal);
        if (reader.facts.dataId === this.#dataId) {
          this.#reader = reader;
          return;
        }
        await reader.close();
        throw this.#stale();
      });
    }
  }

  /** Runs something on the locked object. */
  async #withSession(work: (session: WriteSession) => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const isDone = await this.#lock.shared(async () => {
        if (this.#broken !== undefined) throw this.#broken;
        const session = this.#session;
        if (session === undefined) return false;
        await this.#noting(session, () => work(session));
        return true;
      });
      if (isDone) return;
      await this.#lock.exclusive(() => this.#ensureSession(signal));
    }
  }

  /** Notes what a failure means for the session. */
  async #noting(session: WriteSession, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (session.isAstray) {
        this.#lose(session);
        this.#broken = new Refusal('EIO', 'a write may have gone to another place; the replica stays stale', thrown);
        throw this.#broken;
      }
      if (!(thrown instanceof IrodsFailure)) this.#lose(session);
      // Some of it may have arrived.
      else await this.#measure(session);
      throw thrown;
    }
  }

  async #measure(session: WriteSession): Promise<void> {
    try {
      this.#size = Math.max(this.#size, await session.end());
    } catch {
      this.#lose(session);
    }
  }

  #lose(session: WriteSession): void {
    session.abandon();
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#isLost = true;
  }

  /** Locks the object. Requires: the lock alone. Errors: EBUSY; ESTALE when it is not what was left. */
  async #ensureSession(signal: AbortSignal | undefined): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#session !== undefined) return;
    await this.#dropReader();
    if (this.#isLost) return this.#recover(signal);
    const flags = isReadable(this.flags) ? openFlags.readWrite : openFlags.writeOnly;
    const session = await this.#open(flags, signal);
    const { facts } = session;
    const left = this.#appends ? undefined : this.#left;
    if (facts.dataId !== this.#dataId || (left !== undefined && versionOf(facts) !== versionOf(left))) {
      await session.finish();
      throw this.#stale();
    }
    this.#replica = facts.replicaNumber;
    this.#size = facts.size;
    this.#session = session;
  }

  async #open(flags: number, signal: AbortSignal | undefined): Promise<WriteSession> {
    try {
      return await WriteSession.open(this.#access, this.#place, flags, onReplica(this.#replica), signal);
    } catch (thrown) {
      // The server may have opened it, and marked it as stale when the connection ended.
      if (isLost(thrown)) this.#isLost = true;
      throw thrown;
    }
  }

  /** Goes on behind a lost connection. */
  async #recover(signal: AbortSignal | undefined): Promise<void> {
    const row = await this.#access.patience.run(
      async () => {
        const found = await this.#row(signal);
        if (found.status !== replicaStatus.good && found.status !== replicaStatus.stale) {
          throw new Refusal('EBUSY', 'the server has not noticed yet that a connection was lost, or somebody writes');
        }
        return found;
      },
      (thrown) => thrown instanceof Refusal && thrown.code === 'EBUSY',
      signal,
    );
    if (row.status === replicaStatus.good) {
      // A close whose reply was lost, or somebody else.
      if (row.size !== this.#size) throw this.#spoilt(`it has ${row.size} bytes instead of ${this.#size}`);
      this.#isLost = false;
      this.#mustChange = false;
      this.#left = row;
      return;
    }
    if (row.size < this.#size) throw this.#spoilt(`of ${this.#size} bytes the server has kept ${row.size}`);
    const session = await this.#openLost(signal);
    this.#session = session;
    this.#replica = session.facts.replicaNumber;
    this.#size = session.facts.size;
    this.#isLost = false;
    this.#mustChange = true;
  }

  /** The lock of a connection that was just lost may be there a moment longer. */
  #openLost(signal: AbortSignal | undefined): Promise<WriteSession> {
    const isLocked = (thrown: unknown) => thrown instanceof IrodsFailure && isLockedCode(thrown.irodsCode);
    return this.#access.patience.run(() => this.#open(openFlags.readWrite, signal), isLocked, signal);
  }

  /** Unlocks the object. Requires: the lock alone. Errors: what was acknowledged may not be in a good replica then. */
  async #finish(signal: AbortSignal | undefined): Promise<void> {
    await this.#access.patience.run(
      async () => {
        if (this.#broken !== undefined) throw this.#broken;
        if (this.#isLost) await this.#ensureSession(signal);
        const session = this.#session;
        if (session === undefined) return;
        let row: ReplicaRow | undefined;
        try {
          if (this.#mustChange && !session.hasOwnBytes) await this.#change(session);
          row = await (this.#session as WriteSession).finish();
        } catch (thrown) {
          this.#lose(this.#session as WriteSession);
          if (thrown instanceof IrodsFailure)
            this.#broken = new Refusal('EIO', 'the server could not close it', thrown);
          throw this.#broken ?? thrown;
        }
        this.#session = undefined;
        this.#accept(row);
      },
      isLost,
      signal,
    );
  }

  /** Errors: EIO when the catalog does not say what was written. */
  #accept(row: ReplicaRow | undefined): void {
    this.#mustChange = false;
    // Somebody has removed it, or renamed it: it is theirs.
    if (row === undefined) return;
    if (row.status !== replicaStatus.good) throw this.#spoilt('its replica is marked as stale');
    if (row.size !== this.#size) throw this.#spoilt(`it has ${row.size} bytes instead of ${this.#size}`);
    this.#left = row;
  }

  /** Has the server see a change, without one. */
  async #change(session: WriteSession): Promise<void> {
    if (this.#size === 0) {
      await session.finish();
      this.#session = await this.#open(openFlags.readWrite | openFlags.truncate, undefined);
      return;
    }
    const byte = new Uint8Array(1);
    const { offset, value } = this.#lastByte ?? { offset: 0, value: undefined };
    if (value === undefined || offset >= this.#size) await session.read(byte, 0);
    else byte[0] = value;
    await session.write(byte, offset >= this.#size ? 0 : offset);
  }

  async #extend(size: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#access.patience.run(
      async () => {
        await this.#ensureSession(signal);
        const session = this.#session as WriteSession;
        await this.#noting(session, () => session.write(new Uint8Array(1), size - 1));
        this.#size = size;
        this.#lastByte = { offset: size - 1, value: 0 };
      },
      isLost,
      signal,
    );
  }

  async #cut(size: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#finish(signal);
    await this.#dropReader();
    const { number } = await this.#row(signal);
    const { full } = this.#place;
    await this.#names.ask((connection) => truncate(connection, full, size, number), signal);
    const row = await this.#row(signal);
    this.#size = size;
    this.#left = row;
    if (row.size !== size) throw this.#spoilt(`it has ${row.size} bytes instead of ${size}`);
    if (this.#lastByte !== undefined && this.#lastByte.offset >= size) this.#lastByte = undefined;
  }

  /** What the catalog says of the replica. Errors: ESTALE when the name is another object's, or nobody's. */
  async #row(signal: AbortSignal | undefined): Promise<ReplicaRow> {
    const found = await this.#names.find({ ...this.#place, asDirectory: false }, signal);
    const replicas = found?.type === 'file' ? found.replicas.filter(({ dataId }) => dataId === this.#dataId) : [];
    const row = replicas.find(({ number }) => number === this.#replica) ?? representative(replicas);
    if (row === undefined) throw this.#stale();
    return row;
  }

  async #setTime(): Promise<void> {
    const mtimeMs = this.#mtimeMs;
    if (mtimeMs === undefined || this.#isOurs) return;
    const seconds = Math.floor(mtimeMs / 1000);
    await this.#names.ask((connection) => touch(connection, this.#place.full, seconds));
    this.#mtimeMs = undefined;
    if (this.#left !== undefined) this.#left = { ...this.#left, modifiedS: seconds };
  }

  async #dropReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  #stale(): Refusal {
    return new Refusal('ESTALE', 'somebody has changed, moved or removed the object');
  }

  #spoilt(detail: string): Refusal {
    this.#broken = new Refusal('EIO', detail);
    return this.#broken;
  }
}

/** Conditions for an object that is made. */
export function creation(access: ObjectAccess): Readonly<Record<string, string | undefined>> {
  return { [keyword.dataType]: 'generic', [keyword.destinationResource]: access.resource };
}
