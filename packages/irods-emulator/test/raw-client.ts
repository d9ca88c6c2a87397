import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type Api,
  type ApiName,
  apis,
  type DataObjInp,
  defaultEncryption,
  encodeEncryption,
  encodeFrame,
  errorBlock,
  type Frame,
  type FrameInput,
  FrameReader,
  frameType,
  jsonBuffer,
  type KeyValues,
  keyValuesOf,
  loginOperation,
  modernXml,
  type NegotiationResult,
  nativeDigest,
  negotiationAnswer,
  negotiationMessage,
  negotiationRequest,
  type OpenedDataObjInp,
  oldXml,
  type Packing,
  pack,
  parseJsonBuffer,
  startupPack,
  unpack,
  type VersionMessage,
  versionMessage,
} from '@libconveyor/irods-protocol';

/** What a server answered. */
export interface Answer<Output> {
  readonly code: number;
  readonly output: Output | undefined;
  readonly messages: readonly string[];
  readonly bytes: Buffer;
}

/** How a {@link RawClient} begins. */
export interface RawStart {
  readonly user?: string;
  readonly zone?: string;
  readonly packing?: Packing;
  readonly relVersion?: string;
  readonly apiVersion?: string;
  /** Asks for a negotiation, and answers this. */
  readonly negotiation?: NegotiationResult;
  /** The authority for the server's certificate. */
  readonly ca?: string;
}

type InputOf<Name extends ApiName> = (typeof apis)[Name] extends Api<infer Input, infer _> ? Input : never;
type OutputOf<Name extends ApiName> = (typeof apis)[Name] extends Api<infer _, infer Output> ? Output : never;

/** A client that sends single messages and believes nothing. */
export class RawClient {
  readonly packing: Packing;
  #socket: Socket;
  #reader = new FrameReader();
  #isEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket, packing: Packing) {
    this.packing = packing;
    this.#socket = socket;
    this.#attach(socket);
  }

  /** Connects without a word. */
  static connect(port: number, packing: Packing = modernXml): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(port, '127.0.0.1', () => resolve(new RawClient(socket, packing)));
      socket.once('error', reject);
    });
  }

  /** Connects up to the server's version. */
  static async start(port: number, start: RawStart = {}): Promise<{ client: RawClient; version: VersionMessage }> {
    const client = await RawClient.connect(port, start.packing);
    const version = await client.begin(start);
    return { client, version };
  }

  /** Connects and logs in. */
  static async login(port: number, user = 'rods', password: string = user, start: RawStart = {}): Promise<RawClient> {
    const { client } = await RawClient.start(port, { ...start, user });
    const { code } = await client.logIn(user, password, start.zone);
    if (code !== 0) throw new Error(`no login: ${code}`);
    return client;
  }

  /** Sends the startup pack and goes on to the server's version; TLS, too, if that is the answer. */
  async begin(start: RawStart): Promise<VersionMessage> {
    const { user = 'rods', zone = 'tempZone', negotiation, relVersion = 'rods5.0.2', apiVersion = 'd' } = start;
    const irodsProt = this.packing.kind === 'native' ? 0 : 1;
    const names = { proxyUser: user, proxyRcatZone: zone, clientUser: user, clientRcatZone: zone };
    const option = negotiation === undefined ? 'raw' : `raw${negotiationRequest}`;
    const startup = { irodsProt, reconnFlag: 0, connectCnt: 0, ...names, relVersion, apiVersion, option };
    this.send({ type: frameType.connect, body: pack(startupPack, startup, oldXml) });
    let frame = await this.receive();
    if (frame.type === frameType.negotiation && negotiation !== undefined) {
      const answer = { status: negotiation === 'CS_NEG_FAILURE' ? 0 : 1, result: negotiationAnswer(negotiation) };
      this.send({ type: frameType.negotiation, body: pack(negotiationMessage, answer, oldXml) });
      frame = await this.receive();
    }
    const version = unpack(versionMessage, frame.body, oldXml);
    if (version.status >= 0 && negotiation === 'CS_NEG_USE_SSL') {
      await this.startTls(start.ca);
      this.#socket.write(encodeEncryption(defaultEncryption, randomBytes(32)));
    }
    return version;
  }

  async startTls(ca: string | undefined): Promise<void> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, ca, servername: 'localhost' });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    this.#socket = socket;
    this.#attach(socket);
  }

  /** The native login by JSON. */
  async logIn(user: string, password: string, zone = 'tempZone'): Promise<{ readonly code: number }> {
    const step = { scheme: 'native', user_name: user, zone_name: zone };
    const asked = await this.call('authentication', jsonBuffer({ ...step, next_operation: loginOperation.request }));
    if (asked.code !== 0 || asked.output === undefined) return asked;
    const { request_result } = parseJsonBuffer(asked.output) as { request_result: string };
    const digest = nativeDigest(request_result, password).toString('base64');
    return this.call('authentication', jsonBuffer({ ...step, next_operation: loginOperation.response, digest }));
  }

  /** Sends a request and waits for its reply. */
  async call<Name extends ApiName>(
    name: Name,
    input: InputOf<Name>,
    bytes?: Uint8Array,
  ): Promise<Answer<OutputOf<Name>>> {
    this.request(name, input, bytes);
    return this.answer(name);
  }

  /** Sends a request. */
  request<Name extends ApiName>(name: Name, input: InputOf<Name>, bytes?: Uint8Array): void {
    const { number, input: structure } = apis[name] as Api;
    const body = structure === undefined ? undefined : pack(structure, input, this.packing);
    this.send({ type: frameType.request, intInfo: number, body, bytes });
  }

  /** The next reply, as one of that API. */
  async answer<Name extends ApiName>(name: Name): Promise<Answer<OutputOf<Name>>> {
    const { intInfo, body, error, bytes } = await this.receive();
    const structure = (apis[name] as Api).output;
    const output = body.length === 0 || structure === undefined ? undefined : unpack(structure, body, this.packing);
    const messages = error.length === 0 ? [] : unpack(errorBlock, error, this.packing).map(({ msg }) => msg);
    return { code: intInfo, output: output as OutputOf<Name> | undefined, messages, bytes };
  }

  send(frame: FrameInput): void {
    this.write(Buffer.concat(encodeFrame(frame)));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next frame. Errors: Error when the connection ends first. */
  async receive(): Promise<Frame> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame !== undefined) return frame;
      if (this.#isEnded) throw new Error('the connection ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Bytes outside of frames. */
  async receiveRaw(length: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#reader.take(length);
      if (bytes !== undefined) return bytes;
      if (this.#isEnded) throw new Error('the connection ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when the server has ended the connection. */
  async ended(): Promise<void> {
    while (!this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends the session as it should be ended. */
  async disconnect(): Promise<void> {
    this.send({ type: frameType.disconnect });
    await this.ended();
  }

  /** Is gone. */
  cut(): void {
    this.#socket.destroy();
  }

  #attach(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#wake?.();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#wake?.();
    };
    socket.on('close', end);
    socket.on('error', end);
  }
}

/** A request about a path. */
export function about(
  objPath: string,
  more: Partial<DataObjInp> & { conditions?: Record<string, string> } = {},
): DataObjInp {
  const { conditions = {}, ...rest } = more;
  const keyValues: KeyValues = keyValuesOf(conditions);
  const numbers = { createMode: 384, openFlags: 0, offset: 0, dataSize: -1, numThreads: 0, oprType: 0 };
  return { objPath, ...numbers, keyValues, ...rest };
}

/** A request about a descriptor. */
export function on(l1descInx: number, more: Partial<OpenedDataObjInp> = {}): OpenedDataObjInp {
  return { l1descInx, len: 0, whence: 0, oprType: 0, offset: 0, bytesWritten: 0, keyValues: [], ...more };
}
