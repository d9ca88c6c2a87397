import { isLockedCode, keyword, openFlags } from '@libconveyor/irods-protocol';
import { Descriptor, type OpenFacts } from './calls/descriptor.ts';
import { type ReplicaRow, replicasOf } from './calls/queries.ts';
import { IrodsFailure } from './connection/failure.ts';
import type { Lease } from './connection/pool.ts';
import { Refusal } from './error-map.ts';
import { allOf, type ObjectAccess, onReplica, piecesOf } from './object-access.ts';
import type { IrodsPath } from './paths.ts';
import { Window } from './window.ts';

/**
 * A data object locked for writing, on as many connections as the writes in flight are worth. The first stream opened
 * it, writes first, because servers judge by its bytes whether the object has changed, and is closed last. A session
 * that has lost one stream is worth nothing: the server has unlocked the object then.
 */
export class WriteSession {
  readonly #access: ObjectAccess;
  readonly #path: IrodsPath;
  readonly #primary: Descriptor;
  readonly #window: Window;
  readonly #secondaries: Descriptor[] = [];
  #opening: Promise<void> | undefined;
  #isWide: boolean;
  #hasOwnBytes = false;

  private constructor(access: ObjectAccess, path: IrodsPath, primary: Descriptor) {
    this.#access = access;
    this.#path = path;
    this.#primary = primary;
    this.#isWide = access.streamsMax === 1;
    this.#window = new Window(2 * access.pieceBytes);
  }

  /** @param flags Of `openFlags`. Errors: IrodsFailure (-1803000 and its like: locked), ConnectionFailure. */
  static async open(
    access: ObjectAccess,
    path: IrodsPath,
    flags: number,
    conditions: Readonly<Record<string, string | undefined>>,
    signal?: AbortSignal,
  ): Promise<WriteSession> {
    const lease = await access.pool.lease(signal);
    return new WriteSession(access, path, await Descriptor.open(lease, path.full, flags, conditions));
  }

  get facts(): OpenFacts {
    return this.#primary.facts;
  }

  /** Whether the server will see that something has changed. */
  get hasOwnBytes(): boolean {
    return this.#hasOwnBytes;
  }

  /** Bytes may have gone where nobody wanted them. */
  get isAstray(): boolean {
    return this.#streams.some((stream) => stream.isAstray);
  }

  get #streams(): readonly Descriptor[] {
    return [this.#primary, ...this.#secondaries];
  }

  /** Writes all of a buffer. Whatever fails, nothing of it is under way any more. */
  write(bytes: Uint8Array, offset: number): Promise<void> {
    return allOf(
      [...piecesOf(bytes, offset, this.#access.pieceBytes)].map(({ piece, at }) =>
        this.#window.run(piece.byteLength, () => this.#writePiece(piece, at)),
      ),
    );
  }

  /** Fills a buffer that lies within the object, from what was written here. */
  async read(buffer: Uint8Array, offset: number): Promise<void> {
    const fill = async (piece: Uint8Array, at: number): Promise<void> => {
      for (let done = 0; done < piece.byteLength; ) {
        const count = await this.#primary.readAt(piece.subarray(done), at + done);
        if (count === 0) throw new Refusal('EIO', `the object ends at ${at + done}`);
        done += count;
      }
    };
    await allOf([...piecesOf(buffer, offset, this.#access.pieceBytes)].map(({ piece, at }) => fill(piece, at)));
  }

  /** How long the replica's file is, bytes. */
  end(): Promise<number> {
    return this.#primary.end();
  }

  /**
   * Closes every stream; nothing may be under way.
   *
   * @returns What the catalog says of the replica then; undefined when the object is not there any more.
   * Errors: after any of them the session is to be abandoned.
   */
  async finish(): Promise<ReplicaRow | undefined> {
    await this.#opening;
    await allOf(this.#secondaries.map((stream) => stream.closeSecondary()));
    this.#secondaries.length = 0;
    const { connection, facts } = this.#primary;
    const closed = this.#primary.closeObject();
    // Asked in the same breath; servers do one thing after another.
    const asked = replicasOf(connection, this.#path);
    const [outcome, rows] = await Promise.allSettled([closed, asked]);
    if (outcome.status === 'rejected') throw outcome.reason;
    if (rows.status === 'rejected') throw rows.reason;
    return rows.value.find(({ number, dataId }) => number === facts.replicaNumber && dataId === facts.dataId);
  }

  /** Hangs up: the server marks the replica as stale. */
  abandon(): void {
    for (const stream of this.#streams) stream.drop('a stream of an object that is written was lost');
    // A stream that is still being opened has nothing to lose.
    this.#opening?.finally(() => {
      for (const stream of this.#secondaries) stream.drop('the object is written no more');
    });
  }

  async #writePiece(piece: Uint8Array, offset: number): Promise<void> {
    const stream = this.#pick();
    for (let done = 0; done < piece.byteLength; ) {
      done += await stream.writeAt(piece.subarray(done), offset + done);
      if (stream === this.#primary) this.#hasOwnBytes = true;
    }
  }

  #pick(): Descriptor {
    if (!this.#hasOwnBytes) return this.#primary;
    const least = this.#streams.toSorted((a, b) => a.inFlightBytes - b.inFlightBytes)[0] as Descriptor;
    if (least.inFlightBytes >= this.#access.pieceBytes && !this.#isWide) this.#opening ??= this.#widen();
    return least;
  }

  async #widen(): Promise<void> {
    const { token, replicaNumber } = this.facts;
    let lease: Lease | undefined;
    try {
      lease = await this.#access.pool.lease();
      const { connection } = lease;
      if (this.#streams.some((stream) => stream.connection === connection)) {
        // There are no more connections; this one is in use here already.
        this.#isWide = true;
        return lease.release();
      }
      const conditions = { ...onReplica(replicaNumber), [keyword.replicaToken]: token };
      this.#secondaries.push(await Descriptor.open(lease, this.#path.full, openFlags.writeOnly, conditions));
      this.#window.widen();
      if (this.#streams.length >= this.#access.streamsMax) this.#isWide = true;
    } catch (thrown) {
      this.#isWide = true;
      // One stream fewer is slower, no more. But one that the server may have opened all the same would mark the
      // replica as stale when its connection ends: it ends now, and the session with it.
      if (lease === undefined || (thrown instanceof IrodsFailure && isLockedCode(thrown.irodsCode))) return;
      lease.connection.drop('what it has open is unknown');
      this.#primary.drop('a stream of an object that is written was lost');
    } finally {
      this.#opening = undefined;
    }
  }
}
