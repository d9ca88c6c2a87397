import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, type Identity } from '../auth/authenticate.ts';
import type { CredentialStore } from '../auth/credentials.ts';
import type { Answer, AnswerBody, Call, ServerState } from '../operations/call.ts';
import { operations, readingOperations } from '../operations/operation-table.ts';
import { S3Error } from '../s3-error.ts';
import { S3Request } from '../s3-request.ts';
import type { StatisticsCounter } from '../statistics.ts';
import type { Bucket } from '../store/bucket.ts';
import { RequestBody } from './request-body.ts';

/** What every exchange of a server needs. */
export interface ExchangeSettings {
  readonly server: ServerState;
  readonly credentials: CredentialStore;
  readonly statistics: StatisticsCounter;
  readonly anonymous: boolean;
  readonly domain: string;
}

/** More of a body than this is not read after an error; the connection is closed instead. */
const drainedBytesMax = 64 * 1024 ** 2;

/** One request and its answer. */
export class Exchange {
  readonly #settings: ExchangeSettings;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #id: string;
  /** The client waits for `100 Continue` before it sends the body. */
  #awaitsContinue: boolean;

  constructor(settings: ExchangeSettings, message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    this.#settings = settings;
    this.#message = message;
    this.#response = response;
    this.#awaitsContinue = awaitsContinue;
    this.#id = settings.server.randomHex(8).toUpperCase();
  }

  /** Serves the request. Never rejects: what goes wrong is answered, or ends the connection. */
  async run(): Promise<void> {
    const { statistics } = this.#settings;
    statistics.enter();
    try {
      await this.#send(await this.#answer());
    } catch {
      // The connection broke: nobody is there to be told.
      this.#response.destroy();
    } finally {
      statistics.leave();
    }
  }

  async #answer(): Promise<Answer> {
    try {
      const { server, domain, statistics } = this.#settings;
      const request = new S3Request(this.#message, this.#id, domain);
      statistics.countOperation(request.operation);
      const identity = authenticate(request, this.#settings.credentials, server.epochMs());
      return await this.#execute(request, identity);
    } catch (thrown) {
      if (this.#message.errored) throw thrown;
      const error = thrown instanceof S3Error ? thrown : new S3Error('InternalError', { message: String(thrown) });
      await this.#drain();
      return this.#errorAnswer(error);
    }
  }

  async #execute(request: S3Request, identity: Identity | undefined): Promise<Answer> {
    if (identity === undefined && !this.#settings.anonymous) throw new S3Error('AccessDenied');
    const { operation, bucket } = request;
    if (operation === undefined)
      throw new S3Error(request.method === 'OPTIONS' ? 'MethodNotAllowed' : 'NotImplemented');
    const { server } = this.#settings;
    const known = bucket === undefined ? undefined : server.catalog.find(bucket);
    requireRegion(server, known, identity);
    const isReading = readingOperations.has(operation);
    if (!isReading && (known?.settings.readOnly || identity?.credentials.readOnly)) throw new S3Error('AccessDenied');
    const body = new RequestBody(this.#message, request, identity, {
      begin: () => this.#sendContinue(),
      arrived: (bytes) => {
        this.#settings.statistics.bytesReceived += bytes.length;
        return undefined;
      },
    });
    const call: Call = {
      request,
      body,
      server,
      get bucket() {
        return server.catalog.get(request.bucketName);
      },
    };
    return operations[operation](call);
  }

  #sendContinue(): undefined {
    if (this.#awaitsContinue) this.#response.writeContinue();
    this.#awaitsContinue = false;
  }

  #errorAnswer(error: S3Error): Answer {
    const hasBody = error.status !== 304;
    const [path = '/'] = (this.#message.url ?? '/').split('?');
    const body = hasBody ? error.toXml(path, this.#id) : undefined;
    const headers = hasBody ? { 'content-type': 'application/xml', ...error.headers } : error.headers;
    return { status: error.status, headers, body };
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

  async #send(answer: Answer): Promise<void> {
    const { status, headers, body } = answer;
    const { statistics } = this.#settings;
    const response = this.#response;
    statistics.countStatus(status);
    const isHead = this.#message.method === 'HEAD';
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body?.length;
    const lengthHeader = length === undefined && isHead ? {} : { 'content-length': String(length ?? 0) };
    const bodiless = status === 204 || status === 304;
    const all = {
      'x-amz-request-id': this.#id,
      'x-amz-id-2': 's3-mock',
      ...(bodiless ? {} : lengthHeader),
      ...headers,
    };
    response.writeHead(status, { ...all, server: 's3-mock' });
    if (typeof body === 'string') {
      if (!isHead) statistics.bytesSent += length ?? 0;
      response.end(isHead ? undefined : body);
    } else if (body === undefined) {
      response.end();
    } else {
      await this.#sendBody(body);
    }
  }

  async #sendBody(body: AnswerBody): Promise<void> {
    const response = this.#response;
    try {
      for await (const bytes of body.read()) {
        if (response.destroyed) return;
        this.#settings.statistics.bytesSent += bytes.length;
        if (!response.write(bytes)) await drained(response);
      }
      response.end();
    } finally {
      body.release();
    }
  }
}

/** Resolves when a response takes more, or will take nothing any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    if (response.destroyed) done();
  });
}

/** A bucket of another region answers requests that are signed for it; others learn where it is. */
function requireRegion(server: ServerState, bucket: Bucket | undefined, identity: Identity | undefined): void {
  const expected = bucket?.settings.region ?? server.region;
  const headers: Record<string, string> = bucket === undefined ? {} : { 'x-amz-bucket-region': expected };
  if (identity === undefined || identity.region === expected) return;
  if (identity.region === server.region) {
    const elements = {
      Endpoint: `${bucket?.settings.name}.s3.${expected}.amazonaws.com`,
      Bucket: bucket?.settings.name ?? '',
    };
    throw new S3Error('PermanentRedirect', { elements, headers });
  }
  const regions = `the region '${identity.region}' is wrong; expecting '${expected}'`;
  const message = `The authorization header is malformed; ${regions}`;
  throw new S3Error('AuthorizationHeaderMalformed', { message, elements: { Region: expected }, headers });
}
