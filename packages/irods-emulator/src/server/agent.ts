import type { Socket } from 'node:net';
import {
  apiNameOf,
  encodeFrame,
  type Frame,
  type FrameHeader,
  type FrameInput,
  frameType,
  modernXml,
  negotiationMessage,
  oldXml,
  type Packing,
  PackingError,
  type PendingFrame,
  pack,
  parseEncryption,
  type StartupPack,
  startupPack,
  unpack,
  versionMessage,
} from '@libconveyor/irods-protocol';
import type { Session } from '../apis/api-call.ts';
import type { FaultOperation } from '../faults/emulator-fault.ts';
import type { Misfortune } from '../faults/fault-control.ts';
import { abandon } from '../objects/close.ts';
import { DescriptorTable } from '../objects/descriptor.ts';
import type { AgentServer } from './agent-server.ts';
import { encrypt } from './encryption.ts';
import { RequestService } from './request-service.ts';
import { Sender } from './sender.ts';
import { acceptedResult, packingOf, refusalOf, refusalWithout, versionReply, wantsNegotiation } from './startup.ts';
import { Wire } from './wire.ts';

/** A client that has said goodbye may take so long to close its end. */
const lingerMs = 5000;

/** One connection: what it has agreed on, what it has open, and what happens when it ends. */
export class Agent {
  readonly id: number;
  readonly #server: AgentServer;
  #socket: Socket;
  #wire: Wire;
  #sender: Sender;
  #session: Session | undefined;
  #hasCrashed = false;
  #isOrderly = false;
  /** The frame that is on its way, and where it is cut. */
  #partial: FrameHeader | undefined;
  #cutAt: number | undefined;

  constructor(server: AgentServer, socket: Socket, id: number) {
    this.id = id;
    this.#server = server;
    this.#socket = socket;
    socket.setNoDelay(true);
    [this.#wire, this.#sender] = this.#attach(socket);
  }

  /** What the connection has agreed on; undefined before its start. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Cuts the connection: to its client as if the server had died, to the server as if the client had. */
  cut(): void {
    this.#socket.destroy();
  }

  /** Serves the connection to its end. */
  async run(): Promise<void> {
    try {
      await this.#serve();
      await this.#sender.flush();
    } catch (thrown) {
      if (!(thrown instanceof PackingError)) throw thrown;
      this.#server.violations.push(`connection ${this.id}: ${thrown.message}`);
    } finally {
      this.#end();
    }
  }

  async #serve(): Promise<void> {
    const first = await this.#wire.next();
    if (first?.type === frameType.heartbeat) return this.#sender.send([Buffer.from('HEARTBEAT')], 0);
    if (first?.type !== frameType.connect) return undefined;
    const lenient: Packing = { ...oldXml, allowOmitted: this.#server.allowOmitted } as Packing;
    const startup = unpack(startupPack, first.body, lenient);
    const isEncrypted = await this.#agree(startup);
    if (isEncrypted === undefined) return undefined;
    this.#session = this.#newSession(startup, isEncrypted);
    const service = new RequestService(this.#server, this.#session, packingOf(this.#server, startup));
    for (;;) {
      const frame = await this.#wire.next((pending) => this.#isCutInside(pending));
      if (frame === undefined) return undefined;
      if (this.#isCutAtOnce(frame)) return undefined;
      if (frame.type === frameType.disconnect) return this.#disconnect();
      if (frame.type !== frameType.request) {
        this.#server.violations.push(`connection ${this.id}: a message of type ${frame.type}`);
        return undefined;
      }
      if (!(await this.#answer(service, frame))) return undefined;
    }
  }

  /** Whether the session goes on. */
  async #answer(service: RequestService, frame: Frame): Promise<boolean> {
    const arrivedMs = this.#server.distance.clock.nowMs();
    const outcome = await service.serve(frame, () => this.#hold());
    this.#hasCrashed = outcome.kind === 'crash';
    if (outcome.kind === 'cut' || outcome.kind === 'crash') {
      await this.#sender.flush();
      this.cut();
      return false;
    }
    if (outcome.kind !== 'reply') return true;
    const dueMs = arrivedMs + this.#server.distance.draw(outcome.latencyMs);
    for (const progress of outcome.progress) {
      await this.#send(progress, dueMs);
      const answer = await this.#wire.take(4);
      if (answer === undefined) return false;
      if (answer.readInt32BE() !== 99_999_997)
        this.#server.violations.push(`connection ${this.id}: no answer to progress`);
    }
    const sent = this.#send(outcome.reply, dueMs, outcome.cutAfter);
    if (outcome.startsTls !== true) return true;
    this.#wire.detach();
    await sent;
    service.session.isEncrypted = true;
    return this.#encrypt();
  }

  /** Whether the connection is encrypted, or undefined when it comes to nothing. */
  async #agree(startup: StartupPack): Promise<boolean | undefined> {
    if (await this.#isStruck('connect')) return undefined;
    const refusal = refusalOf(this.#server, startup);
    if (refusal !== undefined) return this.#refuse(refusal);
    let result: 'CS_NEG_USE_SSL' | 'CS_NEG_USE_TCP' | undefined = 'CS_NEG_USE_TCP';
    if (!wantsNegotiation(startup)) {
      const refused = refusalWithout(this.#server, this.#server.policy);
      if (refused !== undefined) return this.#refuse(refused);
    } else {
      const policy = pack(negotiationMessage, { status: 1, result: this.#server.policy }, oldXml);
      await this.#send({ type: frameType.negotiation, body: policy }, this.#dueMs());
      const answer = await this.#wire.next();
      if (answer === undefined || (await this.#isStruck('negotiation'))) return undefined;
      const { status, result: text } = unpack(negotiationMessage, answer.body, modernXml);
      result = acceptedResult(this.#server, status, text);
      if (result === undefined) return this.#refuse(-1_825_000);
    }
    const isEncrypted = result === 'CS_NEG_USE_SSL';
    if (isEncrypted) this.#wire.detach();
    await this.#sendVersion(0);
    if (!isEncrypted) return false;
    return (await this.#encrypt()) && (await this.#readSecret()) ? true : undefined;
  }

  async #encrypt(): Promise<boolean> {
    if (this.#server.tls === undefined) return false;
    try {
      this.#socket = await encrypt(this.#socket, this.#server.tls);
    } catch {
      this.#socket.destroy();
      return false;
    }
    [this.#wire, this.#sender] = this.#attach(this.#socket);
    return true;
  }

  /** The choice of a cipher and the shared secret: nothing is answered, but both must come. */
  async #readSecret(): Promise<boolean> {
    const header = await this.#wire.nextHeader();
    const settings = header === undefined ? undefined : parseEncryption(header);
    const secret = settings === undefined ? undefined : await this.#wire.next();
    if (await this.#isStruck('encryption')) return false;
    if (secret?.type === frameType.sharedSecret && secret.body.length === settings?.keySize) return true;
    if (header !== undefined) this.#server.violations.push(`connection ${this.id}: no shared secret`);
    return false;
  }

  async #refuse(status: number): Promise<undefined> {
    await this.#sendVersion(status);
    return undefined;
  }

  #sendVersion(status: number): Promise<void> {
    const body = pack(versionMessage, versionReply(this.#server, status), oldXml);
    return this.#send({ type: frameType.version, body }, this.#dueMs());
  }

  async #disconnect(): Promise<void> {
    await this.#isStruck('disconnect');
    await this.#sender.flush();
    this.#isOrderly = true;
  }

  /** Whether a step outside of the APIs comes to nothing. */
  async #isStruck(operation: FaultOperation): Promise<boolean> {
    const { fault }: Misfortune = this.#server.faults.next(operation, undefined, false);
    if (fault === undefined) return false;
    if (fault.kind === 'silence') await this.#hold();
    if (fault.kind === 'drop') this.cut();
    return this.#socket.destroyed;
  }

  /** Whether a request is cut inside of its stream of bytes, which is on its way. */
  #isCutInside({ header, received }: PendingFrame): boolean {
    const name = apiNameOf(header.intInfo);
    if (header.bsLen === 0 || name === undefined) return false;
    if (this.#partial !== header) {
      this.#partial = header;
      const { fault } = this.#server.faults.next(name, undefined, true);
      this.#cutAt = fault?.kind === 'drop' ? header.msgLen + (fault.bytes ?? Math.floor(header.bsLen / 2)) : undefined;
    }
    if (this.#cutAt === undefined || received < this.#cutAt) return false;
    this.cut();
    return true;
  }

  /** The same for a frame that arrived as a whole. */
  #isCutAtOnce({ type, intInfo, bytes }: Frame): boolean {
    const wasAsked = this.#partial !== undefined;
    this.#partial = undefined;
    const name = apiNameOf(intInfo);
    if (wasAsked || type !== frameType.request || bytes.length === 0 || name === undefined) return false;
    if (this.#server.faults.next(name, undefined, true).fault === undefined) return false;
    this.cut();
    return true;
  }

  #hold(): Promise<void> {
    return this.#server.faults.hold((gone) => this.#wire.listen(gone));
  }

  #dueMs(): number {
    return this.#server.distance.clock.nowMs() + this.#server.distance.draw(undefined);
  }

  #send(frame: FrameInput, dueMs: number, cutAfter?: number): Promise<void> {
    const parts = encodeFrame(frame);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#sender.send(parts, dueMs, cutAfter === undefined ? undefined : Math.min(cutAfter, length - 1));
  }

  #attach(socket: Socket): [Wire, Sender] {
    const { distance, statistics } = this.#server;
    const { up, down } = distance.routes(this, undefined);
    const wire = new Wire(socket, up, (count) => {
      statistics.bytesReceived += count;
    });
    const sender = new Sender(socket, distance, down, (count) => {
      statistics.bytesSent += count;
    });
    return [wire, sender];
  }

  #newSession(startup: StartupPack, isEncrypted: boolean): Session {
    return {
      agentId: this.id,
      proxyUser: startup.proxyUser,
      clientUser: startup.clientUser,
      userZone: startup.proxyRcatZone,
      isEncrypted,
      descriptors: new DescriptorTable(this.#server.descriptorsMax),
      cursors: new Map(),
      person: undefined,
      challenge: undefined,
      rollback: undefined,
    };
  }

  /** Ends our side and lets the client end its own: some clients take a connection that is gone for an error. */
  #linger(): void {
    this.#wire.detach();
    this.#socket.setTimeout(lingerMs, () => this.#socket.destroy());
    this.#socket.end();
    this.#socket.resume();
  }

  #end(): void {
    if (this.#isOrderly) this.#linger();
    else this.#socket.destroySoon();
    const { zone, statistics } = this.#server;
    const open = this.#session?.descriptors.all ?? [];
    statistics.descriptorsLeftOpen += open.length;
    if (this.#hasCrashed) return;
    for (const descriptor of open) abandon(zone, this.id, descriptor);
    zone.access.forget(this.id);
    this.#session?.rollback?.();
  }
}
