import {
  type Api,
  type ApiName,
  apiNameOf,
  apis,
  collectionProgress,
  errorBlock,
  type Frame,
  type FrameInput,
  findApi,
  frameType,
  isAtLeast,
  type Packing,
  PackingError,
  pack,
  unpack,
  version,
} from '@libconveyor/irods-protocol';
import type { Latency } from '@libconveyor/storage';
import { AgentCrash, type ApiCall, type ApiHandler, type ApiReply, type Session } from '../apis/api-call.ts';
import { handlers, openToAll } from '../apis/api-table.ts';
import type { Misfortune } from '../faults/fault-control.ts';
import { IrodsFailure } from '../irods-failure.ts';
import type { AgentServer } from './agent-server.ts';
import { corrupted, interfere, pathOfRequest } from './misfortunes.ts';

/** What comes of a request. */
export type Outcome =
  | { readonly kind: 'cut' | 'crash' | 'nothing' }
  | {
      readonly kind: 'reply';
      readonly reply: FrameInput;
      /** Replies before it. */
      readonly progress: readonly FrameInput[];
      readonly latencyMs: Latency | undefined;
      /** So many bytes of the reply, then the connection is cut. */
      readonly cutAfter: number | undefined;
      readonly startsTls?: boolean;
    };

/** Nobody; for requests before the login. */
const stranger = { user: '', isAdmin: false, ticket: undefined };

/** Serves the requests of one connection, with whatever is to go wrong. */
export class RequestService {
  readonly session: Session;
  readonly #server: AgentServer;
  readonly #packing: Packing;

  constructor(server: AgentServer, session: Session, packing: Packing) {
    this.#server = server;
    this.session = session;
    this.#packing = packing;
  }

  /** @param hold Resolves when a reply that is held back may go. */
  async serve(frame: Frame, hold: () => Promise<void>): Promise<Outcome> {
    const name = this.#knownApi(frame.intInfo);
    this.#server.statistics.countRequest(name);
    if (name === undefined) return this.#unknown(frame.intInfo);
    let input: unknown;
    try {
      input = this.#read(name, frame);
    } catch (thrown) {
      return this.#failure(thrown, name);
    }
    const path = pathOfRequest(name, input, this.session, this.#server.zone);
    const misfortune = this.#server.faults.next(name, path, false);
    return this.#serveWith(name, input, frame.bytes, path, misfortune, hold);
  }

  async #serveWith(
    name: ApiName,
    input: unknown,
    bytes: Buffer,
    path: string | undefined,
    { fault, latency }: Misfortune,
    hold: () => Promise<void>,
  ): Promise<Outcome> {
    const latencyMs = latency?.latencyMs;
    const when = fault !== undefined && 'when' in fault ? (fault.when ?? 'before') : 'before';
    if (fault !== undefined) interfere(fault, path, this.#server.zone);
    if (fault?.kind === 'drop' && when === 'before') return { kind: 'cut' };
    if (fault?.kind === 'silence' && when === 'before') await hold();
    if (fault?.kind === 'error' && when === 'before')
      return this.#failure(new IrodsFailure(fault.code), name, latencyMs);
    if (fault?.kind === 'full-disk') return this.#failure(new IrodsFailure(-513_028), name, latencyMs);
    const shortTo = fault?.kind === 'short' ? fault.bytes : undefined;
    const given = fault?.kind === 'corrupt' && name === 'dataObjWrite' ? corrupted(bytes) : bytes;
    let outcome: Outcome;
    try {
      outcome = this.#success(name, this.#execute(name, input, given, shortTo), latencyMs);
    } catch (thrown) {
      outcome = this.#failure(thrown, name, latencyMs);
    }
    if (fault?.kind === 'drop' && when === 'after') return { kind: 'cut' };
    if (fault?.kind === 'silence' && when === 'after') await hold();
    if (outcome.kind !== 'reply') return outcome;
    if (fault?.kind === 'error' && when === 'after')
      return this.#failure(new IrodsFailure(fault.code), name, latencyMs);
    const { reply } = outcome;
    if (fault?.kind === 'drop') {
      const length = (reply.body?.length ?? 0) + (reply.bytes?.length ?? 0);
      return { ...outcome, cutAfter: fault.bytes ?? 80 + Math.floor(length / 2) };
    }
    if (fault?.kind !== 'corrupt' || reply.bytes === undefined) return outcome;
    return { ...outcome, reply: { ...reply, bytes: corrupted(Buffer.from(reply.bytes)) } };
  }

  #execute(name: ApiName, input: unknown, bytes: Buffer, shortTo: number | undefined): ApiReply<unknown> {
    const { zone } = this.#server;
    const { person } = this.session;
    if (person === undefined && !openToAll.has(name)) throw new IrodsFailure('SYS_NO_API_PRIV');
    if (name === 'sslStart') {
      if (this.#server.tls === undefined) throw new IrodsFailure('SSL_INIT_ERROR');
      return {};
    }
    const call: ApiCall<unknown> = { zone, session: this.session, person: person ?? stranger, input, bytes, shortTo };
    return (handlers[name] as ApiHandler<unknown, unknown>)(call);
  }

  #knownApi(number: number): ApiName | undefined {
    const name = apiNameOf(number);
    const api = findApi(number);
    if (name === undefined || api === undefined || !isAtLeast(this.#server.zone.version, api.since)) return undefined;
    return name === 'sslStart' || handlers[name] !== undefined ? name : undefined;
  }

  /** 4.2 says so; newer servers say nothing at all. */
  #unknown(number: number): Outcome {
    this.#server.violations.push(`connection ${this.session.agentId}: API ${number} is unknown here`);
    if (isAtLeast(this.#server.zone.version, version(4, 3, 0))) return { kind: 'nothing' };
    return this.#failure(new IrodsFailure('SYS_UNMATCHED_API_NUM'), undefined);
  }

  #read(name: ApiName, { body, bytes, intInfo }: Frame): unknown {
    const api = findApi(intInfo) as Api;
    const isUnexpected = (bytes.length > 0 && !api.takesBytes) || body.length > 0 !== (api.input !== undefined);
    if (isUnexpected) {
      this.#server.violations.push(`connection ${this.session.agentId}: a body or a stream too many for ${name}`);
      throw new IrodsFailure('SYS_API_INPUT_ERR');
    }
    return api.input === undefined ? undefined : unpack(api.input, body, this.#packing);
  }

  #success(name: ApiName, answer: ApiReply<unknown>, latencyMs: Latency | undefined): Outcome {
    const { intInfo = 0, output, messages = [], bytes, progress = [] } = answer;
    const { output: structure } = apis[name] as Api;
    const bodyOf = (value: unknown): Buffer | undefined =>
      value === undefined || structure === undefined ? undefined : pack(structure, value, this.#packing);
    this.#server.statistics.countResult(intInfo);
    const error = messages.length === 0 ? undefined : pack(errorBlock, messages, this.#packing);
    const reply = { type: frameType.reply, intInfo, body: bodyOf(output), error, bytes };
    const before = progress.map((one) => ({ type: frameType.reply, intInfo: collectionProgress, body: bodyOf(one) }));
    return { kind: 'reply', reply, progress: before, latencyMs, cutAfter: undefined, startsTls: name === 'sslStart' };
  }

  #failure(thrown: unknown, name: ApiName | undefined, latencyMs?: Latency): Outcome {
    if (thrown instanceof AgentCrash) {
      this.#server.violations.push(`connection ${this.session.agentId}: the agent died: ${thrown.message}`);
      return { kind: 'crash' };
    }
    const isPacking = thrown instanceof PackingError;
    if (isPacking) this.#server.violations.push(`connection ${this.session.agentId}: ${name}: ${thrown.message}`);
    if (!isPacking && !(thrown instanceof IrodsFailure)) throw thrown;
    const intInfo = isPacking ? thrown.irodsCode : thrown.code;
    const messages = isPacking ? [] : thrown.messages;
    this.#server.statistics.countResult(intInfo);
    const error = messages.length === 0 ? undefined : pack(errorBlock, messages, this.#packing);
    const reply = { type: frameType.reply, intInfo, error };
    return { kind: 'reply', reply, progress: [], latencyMs, cutAfter: undefined };
  }
}
