import { isMissingCode, openFlags } from '@libconveyor/irods-protocol';
import { throwIfAborted } from '@libconveyor/storage';
import { Descriptor, type OpenFacts } from './calls/descriptor.ts';
import { IrodsFailure } from './connection/failure.ts';
import { origin, Refusal } from './error-map.ts';
import { allOf, type ObjectAccess, onReplica, piecesOf } from './object-access.ts';
import { isLost } from './patience.ts';
import { Window } from './window.ts';

/**
 * One replica open for reading, on as many connections as the reads in flight are worth. A lost connection is replaced,
 * as long as the object is still the one that was opened.
 */
export class ReadObject {
  readonly facts: OpenFacts;
  readonly #access: ObjectAccess;
  readonly #path: string;
  readonly #window: Window;
  #streams: Descriptor[];
  #opening: Promise<Descriptor> | undefined;
  /** Another stream could not be had, or would not help. */
  #isWide: boolean;

  private constructor(access: ObjectAccess, path: string, first: Descriptor) {
    this.#access = access;
    this.#path = path;
    this.#streams = [first];
    this.facts = first.facts;
    this.#isWide = access.streamsMax === 1;
    this.#window = new Window(2 * access.pieceBytes);
  }

  static async open(access: ObjectAccess, path: string, signal?: AbortSignal): Promise<ReadObject> {
    const first = await access.patience.run(
      async () => Descriptor.open(await access.pool.lease(signal), path, openFlags.readOnly, onReplica(access.replica)),
      isLost,
      signal,
    );
    return new ReadObject(access, path, first);
  }

  /** Fills a buffer as far as the object goes. Errors: ESTALE when it is not the one that was opened any more. */
  async read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    const count = Math.max(0, Math.min(buffer.byteLength, this.facts.size - offset));
    if (count === 0) return 0;
    const works = [...piecesOf(buffer.subarray(0, count), offset, this.#access.pieceBytes)].map(({ piece, at }) =>
      this.#access.patience.run(
        () => this.#window.run(piece.byteLength, () => this.#fill(piece, at, signal)),
        isLost,
        signal,
      ),
    );
    await allOf(works);
    return count;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    // What a reader's close says changes nothing.
    await Promise.allSettled(this.#streams.map((stream) => stream.closeObject()));
    this.#streams = [];
  }

  async #fill(piece: Uint8Array, offset: number, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal, { origin, operation: 'read', path: this.#path });
    const stream = await this.#pick();
    for (let done = 0; done < piece.byteLength; ) {
      const count = await stream.readAt(piece.subarray(done), offset + done);
      if (count === 0)
        throw new Refusal('ESTALE', `the object ends at ${offset + done}, before its ${this.facts.size} bytes`);
      done += count;
    }
  }

  async #pick(): Promise<Descriptor> {
    for (const stream of this.#streams) if (!stream.isUsable) stream.drop('it was lost');
    this.#streams = this.#streams.filter((stream) => stream.isUsable);
    const least = this.#streams.toSorted((a, b) => a.inFlightBytes - b.inFlightBytes)[0];
    if (least === undefined) {
      this.#opening ??= this.#openAnother();
      return this.#opening;
    }
    if (least.inFlightBytes >= this.#access.pieceBytes && !this.#isWide && this.#opening === undefined) this.#widen();
    return least;
  }

  #widen(): void {
    this.#opening = this.#openAnother();
    this.#opening.catch(() => {
      this.#isWide = true;
    });
  }

  async #openAnother(): Promise<Descriptor> {
    try {
      const stream = await this.#openSame();
      const isOnSame = this.#streams.some(({ connection }) => connection === stream.connection);
      this.#streams.push(stream);
      this.#window.widen();
      if (isOnSame || this.#streams.length >= this.#access.streamsMax) this.#isWide = true;
      return stream;
    } finally {
      this.#opening = undefined;
    }
  }

  async #openSame(): Promise<Descriptor> {
    const { dataId, size, modifiedS, replicaNumber } = this.facts;
    const lease = await this.#access.pool.lease();
    let stream: Descriptor;
    try {
      stream = await Descriptor.open(lease, this.#path, openFlags.readOnly, onReplica(replicaNumber));
    } catch (thrown) {
      const isGone = thrown instanceof IrodsFailure && isMissingCode(thrown.irodsCode);
      throw isGone ? new Refusal('ESTALE', 'somebody has removed the object', thrown) : thrown;
    }
    const { facts } = stream;
    if (facts.dataId === dataId && facts.size === size && facts.modifiedS === modifiedS) return stream;
    await stream.closeObject().catch(() => undefined);
    throw new Refusal('ESTALE', 'somebody has changed the object');
  }
}
