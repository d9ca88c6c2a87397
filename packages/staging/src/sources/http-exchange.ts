import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import { origin } from '../temp-file.ts';
import type { HttpAgents } from './http-agents.ts';

const redirectsMax = 10;

/** Headers that are for the host that they were given for (as fetch does). */
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** One GET, redirects followed, up to the head of its answer. The signal ends it, also while the body comes. */
export class HttpExchange {
  readonly #response: IncomingMessage;
  readonly #details: ErrorDetails;

  private constructor(response: IncomingMessage, details: ErrorDetails) {
    this.#response = response;
    this.#details = details;
  }

  /** Errors: ELOOP for too many redirects, EPROTO for one that leads nowhere, those of sockets. */
  static async begin(
    url: URL,
    headers: Readonly<Record<string, string>>,
    agents: HttpAgents,
    signal: AbortSignal,
  ): Promise<HttpExchange> {
    let place = url;
    for (let redirects = 0; redirects <= redirectsMax; redirects++) {
      const details: ErrorDetails = { origin, operation: 'fetch', path: `${place.origin}${place.pathname}` };
      const response = await get(place, headersFor(place, url, headers), agents, signal, details);
      const { statusCode = 0, headers: answered } = response;
      if (statusCode < 300 || statusCode >= 400 || statusCode === 304) return new HttpExchange(response, details);
      response.resume(); // what it says is not of interest; its connection is
      const { location } = answered;
      if (location === undefined || !URL.canParse(location, place.href)) {
        throw new ConveyorError('EPROTO', { ...details, detail: `a redirect (${statusCode}) leads nowhere` });
      }
      place = new URL(location, place);
      if (place.protocol !== 'http:' && place.protocol !== 'https:') {
        throw new ConveyorError('EPROTO', { ...details, detail: `a redirect leads to ${place.protocol}` });
      }
    }
    throw new ConveyorError('ELOOP', { origin, operation: 'fetch', path: url.origin, detail: 'too many redirects' });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get message(): string {
    return this.#response.statusMessage ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** The bytes. Errors: ERR_CONVEYOR_TRUNCATED when the connection ends before them. */
  async *body(length: number | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    let count = 0;
    try {
      for await (const piece of this.#response) {
        count += (piece as Buffer).byteLength;
        yield piece as Buffer;
      }
    } catch (thrown) {
      const detail = `the connection broke after ${count} of ${length ?? 'all'} bytes`;
      throw new ConveyorError('ERR_CONVEYOR_TRUNCATED', { ...this.#details, detail, retry: 'safe', cause: thrown });
    }
  }

  /** Ends it, and the connection with it. */
  drop(): void {
    this.#response.destroy();
  }
}

function headersFor(place: URL, first: URL, headers: Readonly<Record<string, string>>): Record<string, string> {
  if (place.origin === first.origin) return { ...headers };
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeaders.has(name.toLowerCase())));
}

function get(
  place: URL,
  headers: Record<string, string>,
  agents: HttpAgents,
  signal: AbortSignal,
  details: ErrorDetails,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = place.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(place, { headers, agent: agents.for(place.protocol), signal });
    request.on('response', (response) => {
      response.on('error', () => undefined); // told to whoever reads the body
      resolve(response);
    });
    request.on('error', (error) => reject(systemError(error, details)));
    request.end();
  });
}
