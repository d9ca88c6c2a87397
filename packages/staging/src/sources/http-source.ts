import { argumentRangeError, ConveyorError, type ErrorDetails, requireOptions } from '@libconveyor/errors';
import type { Source, SourceAnswer, SourceRange } from '../source.ts';
import { origin } from '../temp-file.ts';
import { HttpAgents } from './http-agents.ts';
import { HttpExchange } from './http-exchange.ts';
import { contentRange, lengthOf, refusal, type Version, versionOf } from './http-headers.ts';

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /** Sent with every request to the host of the URL; `range` and its like are the source's own business. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const ownHeaders = new Set(['range', 'if-range', 'accept-encoding', 'host', 'connection', 'content-length']);

/**
 * What a URL of `http:` or `https:` gives, as a source. Ranges are used where the server has them, which shows when it
 * is asked. The bytes are those of one version: the ETag, else Last-Modified, of the first answer goes with every
 * further request (If-Range) and is compared with every answer; another one is ESTALE.
 *
 * The body has to come as it is stored: `identity` is asked for, any other content-encoding is ENOTSUP. A body without
 * Content-Length from a server that closes the connection behind it cannot be told from a truncated one.
 *
 * Errors: RangeError for another URL. When it is opened: ENOENT (404, 410), EACCES (401, 403), ESTALE, EAGAIN (429,
 * 503; retry safe), EIO (other 5xx; retry safe), EPROTO (an answer that makes no sense), ELOOP (redirects), those of
 * sockets.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): Source {
  requireOptions('options', options, ['headers']);
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw argumentRangeError('url', 'a URL of http: or https:', String(url));
  }
  return new HttpSource(parsed, options.headers ?? {});
}

class HttpSource implements Source {
  readonly name: string;
  readonly key: string;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agents = new HttpAgents();
  /** What the first answer said; all others have to say the same. */
  #version: Version | undefined;

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    const own = Object.keys(headers).find((name) => ownHeaders.has(name.toLowerCase()));
    if (own !== undefined) throw argumentRangeError('options.headers', 'without those of the source itself', own);
    // What is secret in it does not belong into messages.
    const shown = new URL(url);
    shown.username = '';
    shown.password = '';
    shown.search = '';
    shown.hash = '';
    this.name = shown.href;
    this.key = JSON.stringify([url.href, Object.entries(headers).sort()]);
    this.#url = url;
    this.#headers = headers;
  }

  async open(range: SourceRange, signal: AbortSignal): Promise<SourceAnswer> {
    const headers: Record<string, string> = { ...this.#headers, 'accept-encoding': 'identity' };
    const isPart = range.begin > 0 || range.end !== undefined;
    if (isPart) {
      headers.range = `bytes=${range.begin}-${range.end === undefined ? '' : range.end - 1}`;
      const condition = this.#version?.strong;
      if (condition !== undefined) headers['if-range'] = condition;
    }
    const exchange = await HttpExchange.begin(this.#url, headers, this.#agents, signal);
    try {
      return this.#read(exchange, range, isPart);
    } catch (thrown) {
      exchange.drop();
      throw thrown;
    }
  }

  async isCurrent(signal: AbortSignal): Promise<boolean> {
    const version = this.#version;
    const [name, value] = version?.etag ? ['if-none-match', version.etag] : ['if-modified-since', version?.modified];
    if (version === undefined || value === undefined) return false;
    const headers = { ...this.#headers, 'accept-encoding': 'identity', [name]: value };
    const exchange = await HttpExchange.begin(this.#url, headers, this.#agents, signal);
    exchange.drop();
    const { status } = exchange;
    if (status === 304 || status === 404 || status === 410) return status === 304;
    const details: ErrorDetails = { origin, operation: 'stage', path: this.name };
    const wasRefused = refusal(exchange, details);
    if (wasRefused !== undefined) throw wasRefused;
    const { etag, modified } = versionOf(exchange.headers);
    return status === 200 && etag === version.etag && modified === version.modified;
  }

  async close(): Promise<void> {
    this.#agents.close();
  }

  #read(exchange: HttpExchange, range: SourceRange, isPart: boolean): SourceAnswer {
    const { status, headers } = exchange;
    const details: ErrorDetails = { origin, operation: 'fetch', path: this.name, offset: range.begin };
    const wasRefused = refusal(exchange, details);
    if (wasRefused !== undefined) throw wasRefused;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new ConveyorError('ENOTSUP', {
        ...details,
        detail: `the server sends the body as ${encoding}, not as it is`,
      });
    }
    if (status === 206 && isPart) return this.#readPart(exchange, range, details);
    if (status === 416) return this.#readBehindEnd(exchange, range, details);
    if (status !== 200) throw new ConveyorError('EPROTO', { ...details, detail: `the server answered ${status}` });
    const size = lengthOf(headers);
    this.#compare(versionOf(headers), details);
    // To a request for a part the whole came: the server knows no ranges, or no longer.
    const isRanged = !isPart && headers['accept-ranges']?.toLowerCase() !== 'none';
    return { begin: 0, end: size, size, isRanged, body: exchange.body(size) };
  }

  #readPart(exchange: HttpExchange, range: SourceRange, details: ErrorDetails): SourceAnswer {
    const { begin, end, size } = contentRange(exchange.headers, details);
    this.#compare(versionOf(exchange.headers), details);
    const isWithin = begin === range.begin && (range.end === undefined || end <= range.end);
    if (!isWithin) {
      const detail = `the server answered with bytes ${begin}-${end - 1} instead`;
      throw new ConveyorError('EPROTO', { ...details, detail, retry: 'safe' });
    }
    return { begin, end, size, isRanged: true, body: exchange.body(end - begin) };
  }

  /** Nothing is there from the offset on: the end, if the offset is where the server says that it is. */
  #readBehindEnd(exchange: HttpExchange, { begin }: SourceRange, details: ErrorDetails): SourceAnswer {
    const size = Number(/^bytes \*\/(\d+)$/.exec(exchange.headers['content-range'] ?? '')?.[1] ?? Number.NaN);
    exchange.drop();
    if (size === begin) return { begin, end: begin, size, isRanged: true, body: noBytes() };
    const detail = Number.isNaN(size) ? 'the server has no such bytes' : `it has ${size} bytes now`;
    throw new ConveyorError('ESTALE', { ...details, detail });
  }

  /** Errors: ESTALE when the version is not the one of the first answer. A 206 may leave out what is known. */
  #compare(version: Version, details: ErrorDetails): void {
    this.#version ??= version;
    const before = this.#version;
    const differs = (a: string | undefined, b: string | undefined) => a !== undefined && b !== undefined && a !== b;
    if (differs(before.etag, version.etag) || differs(before.modified, version.modified))
      throw new ConveyorError('ESTALE', { ...details, detail: 'the server has another version now' });
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array, void, undefined> {
  // There are none.
}
