import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { S3Failure } from './failure.ts';

/** Bytes of a body that are not all in memory. It is read again from its begin when a request is repeated. */
export interface BodySource {
  readonly length: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/** One HTTP request as it goes over the wire. */
export interface Outgoing {
  /** For messages. */
  readonly call: string;
  readonly origin: Origin;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodySource | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when the last byte of the request is with the operating system. */
  readonly onSent?: (() => void) | undefined;
}

/** Whom to ask. */
export interface Origin {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** An answer; `body` is what nobody else took. */
export interface Answer extends Head {
  readonly body: Buffer;
}

/** Takes a body as it comes; the bytes are its only until it returns. What it throws ends the exchange. */
export type TakePiece = (piece: Uint8Array) => void;

/** Looks at an answer's head, and takes the body or leaves it to be collected. */
export type TakeBody = (head: Head) => TakePiece | undefined;

/** What is collected of bodies that nobody takes: answers of S3 are a megabyte at most. */
const collectedBytesMax = 16 * 1024 ** 2;

/**
 * Connections to one service: kept alive, bounded in number; requests beyond wait for one. A connection on which
 * nothing moves for `stallTimeoutMs` is given up; there is no bound on the whole of a request.
 */
export class Connections {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor({ connectionsMax, stallTimeoutMs }: { connectionsMax: number; stallTimeoutMs: number }) {
    const options = {
      keepAlive: true,
      maxSockets: connectionsMax,
      maxTotalSockets: connectionsMax,
      maxFreeSockets: connectionsMax,
      scheduling: 'lifo' as const,
      timeout: stallTimeoutMs,
      noDelay: true,
    };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent(options);
  }

  /**
   * One request and its answer, whatever its status.
   *
   * Errors: {@link S3Failure} with status 0 for what became of the connection; the signal's reason.
   */
  exchange(outgoing: Outgoing, take?: TakeBody): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { origin, method, path, headers, body, signal } = outgoing;
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const agent = origin.tls ? this.#https : this.#http;
      const begin = origin.tls ? httpsRequest : httpRequest;
      const request = begin({ agent, host: origin.host, port: origin.port, method, path, headers });
      const settle = <T>(action: (value: T) => void) => {
        return (value: T): void => {
          signal?.removeEventListener('abort', aborted);
          action(value);
        };
      };
      const fail = settle((thrown: unknown) => {
        request.destroy();
        reject(signal?.aborted ? signal.reason : transportFailure(thrown, outgoing.call));
      });
      const aborted = (): void => fail(signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      request.on('error', fail);
      if (outgoing.onSent !== undefined) request.on('finish', outgoing.onSent);
      request.on('timeout', () => fail(stalled()));
      request.on('response', (response) => {
        const head: Head = { status: response.statusCode ?? 0, headers: response.headers };
        const collected = new Collector();
        let takePiece: TakePiece;
        try {
          takePiece = take?.(head) ?? collected.take;
        } catch (thrown) {
          fail(thrown);
          return;
        }
        response.on('data', (piece: Buffer) => {
          try {
            takePiece(piece);
          } catch (thrown) {
            fail(thrown);
          }
        });
        response.on('error', fail);
        response.on('aborted', () => fail(truncated()));
        const done = settle(resolve);
        response.on('end', () => (response.complete ? done({ ...head, body: collected.bytes() }) : fail(truncated())));
      });
      send(request, body).catch(fail);
    });
  }

  /** Ends every connection; requests under way fail. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

class Collector {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  readonly take = (piece: Uint8Array): void => {
    this.#length += piece.byteLength;
    if (this.#length > collectedBytesMax)
      throw Object.assign(new Error('the answer is too long'), { code: 'EMSGSIZE' });
    this.#pieces.push(piece);
  };

  bytes(): Buffer {
    return this.#pieces.length === 1 ? Buffer.from(this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces);
  }
}

async function send(request: ClientRequest, body: Uint8Array | BodySource | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    request.end(body);
    return;
  }
  for await (const piece of body.pieces()) {
    if (request.destroyed) return;
    if (!request.write(piece)) await drained(request);
  }
  request.end();
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      request.off('drain', go);
      request.off('close', go);
      resolve();
    };
    request.on('drain', go);
    request.on('close', go);
  });
}

function stalled(): Error {
  return Object.assign(new Error('nothing moved on the connection'), { code: 'ETIMEDOUT' });
}

function truncated(): Error {
  return Object.assign(new Error('the connection ended inside of the answer'), { code: 'ERR_CONVEYOR_TRUNCATED' });
}

function transportFailure(thrown: unknown, call: string): unknown {
  if (thrown instanceof S3Failure) return thrown;
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: unknown };
  // What the parser of the answer does not understand is noise on the line, or a server that is none of HTTP.
  const name = typeof code !== 'string' ? 'EPROTO' : code.startsWith('HPE_') ? 'EPROTO' : code;
  return new S3Failure(`${call}: ${String(message ?? thrown)}`, { code: name, status: 0, call, cause: thrown });
}
