import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Distance, Route } from '@libconveyor/storage/link';
import type { MockFaultControl } from '../faults/fault-control.ts';
import type { Misfortune } from '../faults/fault-schedule.ts';
import { distort } from '../faults/faulty-answer.ts';
import type { MockFault } from '../faults/mock-fault.ts';
import type { Answer, Call, Replay } from '../operations/call.ts';
import { operations } from '../operations/operation-table.ts';
import { S3Error } from '../s3-error.ts';
import { S3Request } from '../s3-request.ts';
import type { StatisticsCounter } from '../statistics.ts';
import { releaseSegments } from '../store/object-record.ts';
import { type AdmissionSettings, type Admitted, admit } from './admission.ts';
import { sendAnswer } from './answer-sender.ts';
import { tapBody } from './body-tap.ts';
import { RequestBody } from './request-body.ts';
import { Severed, sever } from './severed.ts';

/** What every exchange of a server needs. */
export interface ExchangeSettings extends AdmissionSettings {
  readonly statistics: StatisticsCounter;
  readonly domain: string;
  readonly faults: MockFaultControl;
  readonly distance: Distance;
}

/** More of a body than this is not read after an error; the connection is closed instead. */
const drainedBytesMax = 64 * 1024 ** 2;
const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** One request and its answer. */
export class Exchange {
  readonly #settings: ExchangeSettings;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #id: string;
  #routes: { readonly up: Route; readonly down: Route };
  #misfortune: Misfortune = { faults: [] };
  /** The client waits for `100 Continue` before it sends the body. */
  #awaitsContinue: boolean;
  #latencyMs = 0;
  /** When the last byte of the request came; the answer is due a latency later. */
  #arrivedAtMs: number;

  constructor(settings: ExchangeSettings, message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.#settings = settings;
    this.#message = message;
    this.#response = response;
    this.#awaitsContinue = awaitsContinue;
    this.#id = settings.server.randomHex(8).toUpperCase();
    this.#routes = settings.distance.routes(message.socket, undefined);
    this.#arrivedAtMs = settings.distance.clock.nowMs();
  }

  /** Serves the request. Never rejects: what goes wrong is answered, or ends the connection. */
  async run(): Promise<void> {
    const { statistics, distance } = this.#settings;
    statistics.enter();
    try {
      const answer = await this.#answer();
      await distance.waitUntil(this.#arrivedAtMs + this.#latencyMs);
      if (this.#response.headersSent) this.#finish(answer);
      else await this.#send(answer);
    } catch (thrown) {
      // Either a fault ended the connection, which then sends what it still has, or it broke, and nobody is told.
      if (!(thrown instanceof Severed)) this.#response.destroy();
    } finally {
      statistics.leave();
    }
  }

  async #answer(): Promise<Answer> {
    try {
      const { domain, statistics, faults, distance } = this.#settings;
      this.#latencyMs = distance.draw(undefined);
      const request = new S3Request(this.#message, this.#id, domain);
      statistics.countOperation(request.operation);
      this.#misfortune = faults.next(request);
      const { latencyMs, bytesPerSecond } = this.#misfortune;
      if (latencyMs !== undefined) this.#latencyMs = distance.draw(latencyMs);
      if (bytesPerSecond !== undefined) this.#routes = distance.routes(this.#message.socket, bytesPerSecond);
      const admitted = admit(this.#settings, request);
      return await this.#execute(request, admitted, this.#misfortune.fault);
    } catch (thrown) {
      if (thrown instanceof Severed || this.#message.errored) throw thrown;
      const error = thrown instanceof S3Error ? thrown : new S3Error('InternalError', { message: String(thrown) });
      await this.#drain();
      return this.#errorAnswer(error);
    }
  }

  /** The request between the faults that strike before it and those that strike after it. */
  async #execute(request: S3Request, { operation, identity }: Admitted, fault: MockFault | undefined): Promise<Answer> {
    await this.#strikeBefore(request, fault);
    const { server } = this.#settings;
    const replay: Replay | undefined = fault?.kind === 'duplicate' ? { stored: undefined } : undefined;
    const call: Call = {
      request,
      body: new RequestBody(this.#message, request, identity, this.#tap(fault)),
      server,
      replay,
      get bucket() {
        return server.catalog.get(request.bucketName);
      },
    };
    const run = (): Promise<Answer> => operations[operation](call);
    if (fault?.kind === 'duplicate' && replay !== undefined) {
      return runTwice(run, replay, fault.answer ?? 'first');
    }
    if (fault?.kind === 'whitespace') return this.#answerWithSpaces(run, fault.count ?? 3);
    const isRefused = fault?.kind === 'completion-error' && fault.when !== 'after';
    const answer = isRefused ? this.#completionError(fault) : await run();
    return this.#strikeAfter(answer, fault);
  }

  async #strikeBefore(request: S3Request, fault: MockFault | undefined): Promise<void> {
    if (fault === undefined) return;
    if (fault.kind === 'reset' && (fault.when ?? 'before') === 'before') sever(this.#message.socket, 'reset');
    if (fault.kind === 'stall' && (fault.when ?? 'before') === 'before') await this.#stall();
    if (fault.kind === 'error' && fault.when !== 'after') throw injectedError(fault);
    if (fault.kind === 'whole-answer') request.hideHeader('range');
  }

  #strikeAfter(answer: Answer, fault: MockFault | undefined): Answer {
    const isDropped =
      (fault?.kind === 'reset' && fault.when === 'after') ||
      ((fault?.kind === 'error' || fault?.kind === 'completion-error') && fault.when === 'after');
    if (!isDropped) return distort(answer, fault);
    drop(answer);
    if (fault.kind === 'error') throw injectedError(fault);
    return fault.kind === 'completion-error' ? this.#completionError(fault) : sever(this.#message.socket, 'reset');
  }

  #completionError({ code = 'InternalError' }: Extract<MockFault, { kind: 'completion-error' }>): Answer {
    return { ...this.#errorAnswer(new S3Error(code)), status: 200 };
  }

  /** 200 and spaces before anything is known; the result follows, whatever it is. */
  async #answerWithSpaces(run: () => Promise<Answer>, count: number): Promise<Answer> {
    const { distance } = this.#settings;
    await distance.waitUntil(this.#arrivedAtMs + this.#latencyMs);
    this.#response.writeHead(200, { 'content-type': 'application/xml', 'x-amz-request-id': this.#id });
    this.#response.write(xmlDeclaration + ' '.repeat(count));
    return run();
  }

  #tap(fault: MockFault | undefined) {
    return tapBody({
      message: this.#message,
      route: this.#routes.up,
      statistics: this.#settings.statistics,
      fault,
      begin: () => this.#sendContinue(),
      stall: () => this.#stall(),
      noteArrival: () => {
        this.#arrivedAtMs = this.#settings.distance.clock.nowMs();
      },
    });
  }

  /** The client hears it a latency after it asked. */
  #sendContinue(): Promise<void> | undefined {
    if (!this.#awaitsContinue) return undefined;
    this.#awaitsContinue = false;
    if (this.#latencyMs === 0) {
      this.#response.writeContinue();
      return undefined;
    }
    const due = this.#arrivedAtMs + this.#latencyMs;
    return this.#settings.distance.waitUntil(due).then(() => this.#response.writeContinue());
  }

  #stall(): Promise<void> {
    return this.#settings.faults.stall((gone) => this.#response.once('close', gone));
  }

  #errorAnswer(error: S3Error): Answer {
    if (error.status === 304) return { status: 304, headers: error.headers };
    const [path = '/'] = (this.#message.url ?? '/').split('?');
    const headers = { 'content-type': 'application/xml', ...error.headers };
    return { status: error.status, headers, body: error.toXml(path, this.#id) };
  }

  /** Reads what is left of the body, so that the client has sent it all and looks at the answer. */
  async #drain(): Promise<void> {
    const message = this.#message;
    if (message.complete) return;
    if (this.#awaitsContinue) {
      this.#response.setHeader('connection', 'close');
      return;
    }
    let drained = 0;
    message.on('data', (bytes: Buffer) => {
      drained += bytes.length;
      if (drained > drainedBytesMax) message.destroy();
    });
    message.resume();
    await new Promise((resolve) => message.once('close', resolve).once('end', resolve));
  }

  /** The rest of an answer that began before its result was known. */
  #finish({ body }: Answer): void {
    this.#settings.statistics.countStatus(200);
    this.#response.end(typeof body === 'string' ? body.replace(xmlDeclaration, '') : '');
  }

  #send(answer: Answer): Promise<void> {
    return sendAnswer(answer, {
      response: this.#response,
      requestId: this.#id,
      isHead: this.#message.method === 'HEAD',
      route: this.#routes.down,
      statistics: this.#settings.statistics,
      fault: this.#misfortune.fault,
      stall: () => this.#stall(),
    });
  }
}

function injectedError({ code, retryAfterSeconds }: Extract<MockFault, { kind: 'error' }>): S3Error {
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  return new S3Error(code, { headers });
}

function drop(answer: Answer): void {
  if (typeof answer.body === 'object') answer.body.release();
}

/** Executes a request twice; the second finds what the first left, and the body that the first took in. */
async function runTwice(run: () => Promise<Answer>, replay: Replay, wanted: 'first' | 'second'): Promise<Answer> {
  try {
    const first = await settled(run);
    const second = await settled(run);
    const [answer, other] = wanted === 'first' ? [first, second] : [second, first];
    if (other instanceof S3Error === false) drop(other);
    if (answer instanceof S3Error) throw answer;
    return answer;
  } finally {
    if (replay.stored !== undefined) releaseSegments(replay.stored.segments);
  }
}

async function settled(run: () => Promise<Answer>): Promise<Answer | S3Error> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof S3Error) return thrown;
    throw thrown;
  }
}
