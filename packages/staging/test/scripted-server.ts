import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request, and what a test needs to answer it. */
export interface Exchange {
  readonly index: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Offsets of the Range header; undefined without one. */
  readonly range: { readonly begin: number; readonly end: number | undefined } | undefined;
}

/** A real HTTP server on the loopback whose answers a test writes itself. */
export class ScriptedServer implements AsyncDisposable {
  readonly requests: { readonly range: string | undefined; readonly ifRange: string | undefined }[] = [];
  readonly #server: Server;
  /** What answers; may be exchanged at any time. */
  answer: (exchange: Exchange) => void;

  private constructor(server: Server, answer: (exchange: Exchange) => void) {
    this.#server = server;
    this.answer = answer;
    server.on('request', (request, response) => {
      const { range, 'if-range': ifRange } = request.headers;
      const index = this.requests.push({ range, ifRange: ifRange as string | undefined }) - 1;
      response.on('error', () => undefined);
      this.answer({ index, request, response, range: parseRange(range) });
    });
  }

  static async start(answer: (exchange: Exchange) => void): Promise<ScriptedServer> {
    const server = new ScriptedServer(createServer(), answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file`;
  }

  async connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function parseRange(header: string | undefined): Exchange['range'] {
  const [, begin, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  if (begin === undefined) return undefined;
  return { begin: Number(begin), end: last === '' ? undefined : Number(last) + 1 };
}

/** How {@link serve} answers. */
export interface Serving {
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** Answers as a good server does: ranges, If-Range, 416. */
export function serve(content: Uint8Array, { etag, modified, headers = {} }: Serving, exchange: Exchange): void {
  const { response, range, request } = exchange;
  const always: Record<string, string> = { 'accept-ranges': 'bytes', ...headers };
  if (etag !== undefined) always.etag = etag;
  if (modified !== undefined) always['last-modified'] = modified;
  const size = content.byteLength;
  const condition = request.headers['if-range'];
  const isSame = condition === undefined || condition === etag || condition === modified;
  if (range === undefined || !isSame) {
    response.writeHead(200, { ...always, 'content-length': size }).end(content);
  } else if (range.begin >= size) {
    response.writeHead(416, { ...always, 'content-range': `bytes */${size}` }).end();
  } else {
    servePart(content, range.begin, Math.min(range.end ?? size, size), always, response);
  }
}

/** A 206 with exactly these bytes. */
export function servePart(
  content: Uint8Array,
  begin: number,
  end: number,
  headers: Record<string, string>,
  response: ServerResponse,
): void {
  const contentRange = `bytes ${begin}-${end - 1}/${content.byteLength}`;
  response.writeHead(206, { ...headers, 'content-range': contentRange, 'content-length': end - begin });
  response.end(content.subarray(begin, end));
}
