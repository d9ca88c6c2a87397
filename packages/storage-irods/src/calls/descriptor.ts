import { jsonBuffer, parseJsonBuffer } from '@libconveyor/irods-protocol';
import type { Connection } from '../connection/connection.ts';
import { ConnectionFailure, IrodsFailure } from '../connection/failure.ts';
import type { Lease } from '../connection/pool.ts';
import { aboutDescriptor, aboutPath } from './requests.ts';

/** What the server says of an open replica. */
export interface OpenFacts {
  readonly dataId: string;
  readonly replicaNumber: number;
  readonly hierarchy: string;
  /** As the catalog had it at the open, bytes. */
  readonly size: number;
  readonly modifiedS: number;
  /** The catalog's text; empty when there is none. */
  readonly checksum: string;
  /** Opens further descriptors of a locked object; empty for readers. */
  readonly token: string;
}

/**
 * A descriptor on a server. It lives and dies with its connection. The server knows a position and nothing else: a
 * request elsewhere sends a seek ahead, in the same breath.
 */
export class Descriptor {
  readonly facts: OpenFacts;
  readonly #lease: Lease;
  readonly #fd: number;
  /** Where the server will be when everything under way is done; undefined: nobody knows. */
  #position: number | undefined = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #isClosed = false;
  /** A write may have gone to another place than it was meant for. */
  #isAstray = false;

  private constructor(lease: Lease, fd: number, facts: OpenFacts) {
    this.#lease = lease;
    this.#fd = fd;
    this.facts = facts;
  }

  /**
   * Opens a replica. The lease becomes the descriptor's.
   *
   * @param flags Of `openFlags`.
   */
  static async open(
    lease: Lease,
    path: string,
    flags: number,
    conditions: Readonly<Record<string, string | undefined>>,
  ): Promise<Descriptor> {
    try {
      const input = aboutPath(path, conditions, { openFlags: flags });
      const { result: fd, output } = await lease.connection.call('replicaOpen', input);
      if (fd < 3 || output === undefined) throw new ConnectionFailure('EPROTO', `descriptor ${fd} was opened`);
      return new Descriptor(lease, fd, factsOf(parseJsonBuffer(output)));
    } catch (thrown) {
      lease.release();
      throw thrown;
    }
  }

  get connection(): Connection {
    return this.#lease.connection;
  }

  get isUsable(): boolean {
    return !this.#isClosed && this.connection.isUsable;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get isAstray(): boolean {
    return this.#isAstray;
  }

  /** Reads what the server gives at once. @returns Bytes; 0 at the end. */
  async readAt(target: Uint8Array, offset: number): Promise<number> {
    const sought = this.#seek(offset);
    const input = aboutDescriptor(this.#fd, { len: target.byteLength });
    const call = this.connection.call('dataObjRead', input, { target });
    return this.#settle(sought, call, offset, target.byteLength, ({ result, byteCount }) => {
      if (result !== byteCount) throw new ConnectionFailure('EPROTO', `${byteCount} bytes, said to be ${result}`);
      return result;
    });
  }

  /** Writes what the server takes at once. @returns Bytes, at least 1. */
  async writeAt(bytes: Uint8Array, offset: number): Promise<number> {
    const sought = this.#seek(offset);
    const input = aboutDescriptor(this.#fd, { len: bytes.byteLength });
    const call = this.connection.call('dataObjWrite', input, { bytes });
    // The write goes on all the same, to where the server was before. On a lost connection it may not have been sought
    // at all: nothing is known to be wrong then.
    sought?.catch((thrown: unknown) => {
      if (thrown instanceof IrodsFailure) this.#isAstray = true;
    });
    return this.#settle(sought, call, offset, bytes.byteLength, ({ result }) => {
      if (result > 0 && result <= bytes.byteLength) return result;
      throw new ConnectionFailure('EPROTO', `${result} of ${bytes.byteLength} bytes were written`);
    });
  }

  /** How long the file of the replica is now, bytes. */
  async end(): Promise<number> {
    this.#position = undefined;
    const { output } = await this.connection.call('dataObjSeek', aboutDescriptor(this.#fd, { whence: 2 }));
    if (output === undefined) throw new ConnectionFailure('EPROTO', 'a seek without an answer');
    return output.offset;
  }

  /** Ends it, and for a writer what it had locked. Errors: also for any other result than 0. */
  async closeObject(): Promise<void> {
    this.#isClosed = true;
    try {
      const input = aboutDescriptor(this.#fd);
      const { result } = await this.connection.call('dataObjClose', input, { isSlow: true });
      if (result !== 0) throw new ConnectionFailure('EPROTO', `the close was answered with ${result}`);
    } finally {
      this.#lease.release();
    }
  }

  /** Ends one of several writers of an object, which goes on without it. */
  async closeSecondary(): Promise<void> {
    this.#isClosed = true;
    const none = { update_size: false, update_status: false, compute_checksum: false, send_notifications: false };
    try {
      await this.connection.call('replicaClose', jsonBuffer({ fd: this.#fd, ...none }), { isSlow: true });
    } finally {
      this.#lease.release();
    }
  }

  /** Hangs up the connection with everything on it: the server ends the descriptor as that of a crashed client. */
  drop(why: string): void {
    this.#isClosed = true;
    this.connection.drop(why);
    this.#lease.release();
  }

  #seek(offset: number): Promise<unknown> | undefined {
    if (this.#inFlight === 0 && this.#position === offset) return undefined;
    const sought = this.connection.call('dataObjSeek', aboutDescriptor(this.#fd, { offset }));
    return sought.then(({ output }) => {
      if (output?.offset === offset) return;
      throw new ConnectionFailure('EPROTO', `a seek to ${offset} went to ${output?.offset}`);
    });
  }

  async #settle<Answer>(
    sought: Promise<unknown> | undefined,
    call: Promise<Answer>,
    offset: number,
    length: number,
    countOf: (answer: Answer) => number,
  ): Promise<number> {
    this.#inFlight++;
    this.#inFlightBytes += length;
    this.#position = offset + length;
    try {
      const [seek, answer] = await Promise.allSettled([sought, call]);
      if (seek.status === 'rejected') throw seek.reason;
      if (answer.status === 'rejected') throw answer.reason;
      const count = countOf(answer.value);
      if (count < length) this.#position = undefined;
      return count;
    } catch (thrown) {
      this.#position = undefined;
      throw thrown;
    } finally {
      this.#inFlight--;
      this.#inFlightBytes -= length;
    }
  }
}

function factsOf(described: unknown): OpenFacts {
  const { replica_token, data_object_info } = described as Record<string, unknown>;
  const info = (data_object_info ?? {}) as Record<string, unknown>;
  const text = (name: string): string => String(info[name] ?? '');
  return {
    dataId: text('data_id'),
    replicaNumber: Number(info.replica_number),
    hierarchy: text('resource_hierarchy'),
    size: Number(info.data_size),
    modifiedS: Number(info.data_modify),
    checksum: text('checksum'),
    token: typeof replica_token === 'string' ? replica_token : '',
  };
}
