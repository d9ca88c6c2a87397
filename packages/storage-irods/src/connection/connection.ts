import {
  type Api,
  type ApiName,
  apis,
  encodeFrame,
  errorBlock,
  frameType,
  hasApi,
  type Packing,
  pack,
  relVersionOf,
  type ServerVersion,
  unpack,
} from '@libconveyor/irods-protocol';
import { Refusal } from '../error-map.ts';
import { ConnectionFailure, IrodsFailure } from './failure.ts';
import type { Wire } from './wire.ts';

type InputOf<Name extends ApiName> = (typeof apis)[Name] extends Api<infer Input, infer _> ? Input : never;
type OutputOf<Name extends ApiName> = (typeof apis)[Name] extends Api<infer _, infer Output> ? Output : never;

/** How long a server may be silent, milliseconds. */
export interface RequestTimeouts {
  readonly requestTimeoutMs: number;
  readonly slowRequestTimeoutMs: number;
}

/** What goes along with a request. */
export interface CallOptions {
  /** The request's stream of bytes. */
  readonly bytes?: Uint8Array | undefined;
  /** Gets the stream of bytes of the answer. */
  readonly target?: Uint8Array | undefined;
  /** The server may have a lot to do: a close in front of an object store, a checksum. */
  readonly isSlow?: boolean | undefined;
}

/** A successful answer. */
export interface Answer<Output> {
  /** Not negative: a descriptor, a number of bytes, a kind. */
  readonly result: number;
  readonly output: Output | undefined;
  /** Length of the stream of bytes. */
  readonly byteCount: number;
}

/** A connection to a server that has said its version. Requests may be under way at once; answers come in order. */
export class Connection {
  readonly server: ServerVersion;
  readonly isEncrypted: boolean;
  readonly #wire: Wire;
  readonly #packing: Packing;
  readonly #timeouts: RequestTimeouts;

  constructor(wire: Wire, packing: Packing, server: ServerVersion, isEncrypted: boolean, timeouts: RequestTimeouts) {
    this.#wire = wire;
    this.#packing = packing;
    this.server = server;
    this.isEncrypted = isEncrypted;
    this.#timeouts = timeouts;
  }

  get isUsable(): boolean {
    return this.#wire.isUsable;
  }

  get pendingCount(): number {
    return this.#wire.pendingCount;
  }

  whenLost(action: () => void): void {
    this.#wire.whenLost(action);
  }

  /** Whether the server has an API. Asking for one that it lacks is answered by silence. */
  has(name: ApiName): boolean {
    return hasApi(this.server, apis[name]);
  }

  /**
   * Sends a request, before this returns, and waits for its answer.
   *
   * Errors: IrodsFailure for a negative result; ConnectionFailure when there will be no answer; ENOTSUP when the server
   * is too old; PackingError for what cannot be sent.
   */
  async call<Name extends ApiName>(
    name: Name,
    input: InputOf<Name>,
    { bytes, target, isSlow = false }: CallOptions = {},
  ): Promise<Answer<OutputOf<Name>>> {
    const api = apis[name] as Api;
    if (!hasApi(this.server, api)) {
      const [has, needs] = [this.server, api.since].map((version) => relVersionOf(version).slice('rods'.length));
      throw new Refusal('ENOTSUP', `the server is iRODS ${has}; ${api.name} needs ${needs}`);
    }
    const body = api.input === undefined ? undefined : pack(api.input, input, this.#packing);
    const frame = await this.#wire.exchange(
      { type: frameType.request, intInfo: api.number, body, bytes },
      { target, timeoutMs: isSlow ? this.#timeouts.slowRequestTimeoutMs : this.#timeouts.requestTimeoutMs },
    );
    if (frame.type !== frameType.reply) throw this.#misunderstood(`${frame.type} is no reply`);
    try {
      if (frame.intInfo < 0) {
        const messages = frame.error.length === 0 ? [] : unpack(errorBlock, frame.error, this.#packing);
        throw new IrodsFailure(
          frame.intInfo,
          api.name,
          messages.map(({ msg }) => msg),
        );
      }
      const output =
        frame.body.length === 0 || api.output === undefined ? undefined : unpack(api.output, frame.body, this.#packing);
      return { result: frame.intInfo, output: output as OutputOf<Name> | undefined, byteCount: frame.bytes.length };
    } catch (thrown) {
      if (thrown instanceof IrodsFailure) throw thrown;
      throw this.#misunderstood((thrown as Error).message);
    }
  }

  /** Says goodbye. What was open is lost. */
  end(): void {
    this.#wire.end(encodeFrame({ type: frameType.disconnect }));
  }

  /** Hangs up: the server ends what was open as that of a client that crashed. */
  drop(why: string): void {
    this.#wire.destroy(new ConnectionFailure('ECONNRESET', why));
  }

  #misunderstood(what: string): ConnectionFailure {
    const failure = new ConnectionFailure('EPROTO', `the server is not understood: ${what}`);
    this.#wire.destroy(failure);
    return failure;
  }
}
