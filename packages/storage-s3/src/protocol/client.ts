import type { Answer, BodySource, Connections, Head, Origin, TakeBody } from './connections.ts';
import type { CredentialSource } from './credential-source.ts';
import { addressOf, type Endpoint, hostHeader } from './endpoint.ts';
import { S3Failure } from './failure.ts';
import { failureOf, isErrorDocument } from './failure-answer.ts';
import { type RetryPolicy, withAttempts } from './retry.ts';
import { type Credentials, canonicalQuery, emptyPayload, sha256, signature, unsignedPayload } from './signature.ts';

/** One call of the S3 protocol. */
export interface Call {
  /** As the manual names it: `GetObject`. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Undefined: the call is about the bucket. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Lower-case names. A function is asked before each attempt. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>) | undefined;
  readonly body?: Uint8Array | BodySource | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Looks at the head of a successful answer and may take its body; called once per attempt. */
  readonly take?: TakeBody | undefined;
  /** Bodies of this call's good answers are documents: one that is an error makes the call one that failed. */
  readonly expectsDocument?: boolean | undefined;
  /** Told of each attempt whose last byte has left. */
  readonly onSent?: (() => void) | undefined;
  /** Told of each attempt that failed and may have taken effect nevertheless. */
  readonly onAmbiguous?: (() => void) | undefined;
}

/** What a client needs. */
export interface ClientOptions {
  readonly endpoint: Endpoint;
  readonly region: string;
  /** Undefined: nobody in particular; requests are not signed. */
  readonly credentials: CredentialSource | undefined;
  readonly connections: Connections;
  readonly retry: RetryPolicy;
  /** Whether signatures cover bodies, where TLS does not protect them. */
  readonly signsPayload: boolean;
  /** The clock that signatures tell, milliseconds since 1970. */
  readonly timeMs: () => number;
  /** Told of every request that is sent. */
  readonly onRequest?: ((name: string) => void) | undefined;
}

/** What can be set right once per call: region, place, clock, credentials. */
const correctionsMax = 4;

/**
 * Speaks S3 to one bucket: signs, follows the bucket to its region, sets its clock by the server's, renews credentials
 * that have ended, and repeats what may succeed at another moment.
 *
 * Errors: {@link S3Failure}; ENOKEY; the signal's reason.
 */
export class S3Client {
  readonly #options: ClientOptions;
  #region: string;
  #moved: Origin | undefined;
  #skewMs = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#region = options.region;
  }

  get endpoint(): Endpoint {
    return this.#options.endpoint;
  }

  /** Whether TLS vouches for what comes over the wire. */
  get isProtected(): boolean {
    return (this.#moved ?? addressOf(this.endpoint, this.#region, undefined).origin).tls;
  }

  get retry(): RetryPolicy {
    return this.#options.retry;
  }

  /** The region that requests are signed for. */
  get region(): string {
    return this.#region;
  }

  /** Sends a call, as often as it takes. */
  async send(call: Call): Promise<Answer> {
    return withAttempts(this.#options.retry, call.signal, () => this.#corrected(call));
  }

  /** One attempt, apart from what can be set right at once. */
  async #corrected(call: Call): Promise<Answer> {
    for (let corrections = 0; ; corrections++) {
      call.signal?.throwIfAborted();
      const credentials = await this.#options.credentials?.get();
      try {
        return await this.#attempt(call, credentials);
      } catch (thrown) {
        if (!(thrown instanceof S3Failure)) throw thrown;
        const failure = await this.#explained(call, thrown, credentials);
        if (failure.isAmbiguous && call.method !== 'GET' && call.method !== 'HEAD') call.onAmbiguous?.();
        if (corrections >= correctionsMax || !this.#correct(failure, credentials, corrections)) throw failure;
      }
    }
  }

  async #attempt(call: Call, credentials: Credentials | undefined): Promise<Answer> {
    const { name, method, key, query = {}, body, signal, onSent } = call;
    const { connections, endpoint, onRequest } = this.#options;
    const address = addressOf(endpoint, this.#region, key);
    const origin = this.#moved ?? address.origin;
    const given = typeof call.headers === 'function' ? call.headers() : (call.headers ?? {});
    const length = body instanceof Uint8Array ? body.byteLength : (body?.length ?? 0);
    const hasLength = method === 'PUT' || method === 'POST';
    const headers: Record<string, string> = {
      ...given,
      host: hostHeader(origin),
      ...(hasLength ? { 'content-length': String(length) } : {}),
    };
    if (credentials !== undefined) {
      const scope = { region: this.#region, date: new Date(this.#options.timeMs() + this.#skewMs) };
      const payload = await this.#payload(body, origin.tls);
      Object.assign(headers, signature({ method, path: address.path, query, headers }, payload, credentials, scope));
    }
    onRequest?.(name);
    const text = canonicalQuery(query);
    const path = text === '' ? address.path : `${address.path}?${text}`;
    const take = call.take === undefined ? undefined : (head: Head) => (isGood(head) ? call.take?.(head) : undefined);
    const answer = await connections.exchange(
      { call: name, origin, method, path, headers, body, signal, onSent },
      take,
    );
    const isError = !isGood(answer) || (call.expectsDocument === true && isErrorDocument(answer));
    if (isError) throw failureOf(name, answer);
    return answer;
  }

  async #payload(body: Uint8Array | BodySource | undefined, tls: boolean): Promise<string> {
    if (body === undefined) return emptyPayload;
    if (tls || !this.#options.signsPayload || !(body instanceof Uint8Array)) return unsignedPayload;
    return sha256(body);
  }

  /** Answers to HEAD have no body that could say what is wrong: the same question as a GET of one byte has. */
  async #explained(call: Call, failure: S3Failure, credentials: Credentials | undefined): Promise<S3Failure> {
    const isMute = call.method === 'HEAD' && [301, 307, 400, 403].includes(failure.status);
    if (!isMute || failure.region !== undefined) return failure;
    try {
      const headers = { ...(typeof call.headers === 'function' ? call.headers() : call.headers), range: 'bytes=0-0' };
      await this.#attempt({ ...call, method: 'GET', headers, take: () => () => undefined }, credentials);
      return failure;
    } catch (thrown) {
      return thrown instanceof S3Failure && thrown.status === failure.status ? thrown : failure;
    }
  }

  /** Sets right what the failure says is wrong with us. @returns Whether another attempt is worth it. */
  #correct(failure: S3Failure, credentials: Credentials | undefined, corrections: number): boolean {
    const { code, region, location, serverTimeMs } = failure;
    if (region !== undefined && region !== this.#region && failure.status >= 300 && failure.status < 500) {
      this.#region = region;
      if (location !== undefined) this.#moveTo(location);
      return true;
    }
    if (failure.status >= 300 && failure.status < 400 && location !== undefined) return this.#moveTo(location);
    if (code === 'RequestTimeTooSkewed' && serverTimeMs !== undefined) {
      const skewMs = serverTimeMs - this.#options.timeMs();
      if (Math.abs(skewMs - this.#skewMs) < 1000) return false;
      this.#skewMs = skewMs;
      return true;
    }
    const hasEnded = code === 'ExpiredToken' || code === 'TokenRefreshRequired';
    if (!hasEnded || credentials === undefined || corrections > 0) return false;
    return this.#options.credentials?.renew(credentials) ?? false;
  }

  /** @returns Whether that is somewhere else. A server that TLS has vouched for does not send us to one without. */
  #moveTo(location: string): boolean {
    if (!URL.canParse(location)) return false;
    const url = new URL(location);
    const tls = url.protocol === 'https:';
    const now = this.#moved ?? addressOf(this.endpoint, this.#region, undefined).origin;
    if (!tls && (now.tls || url.protocol !== 'http:')) return false;
    const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
    if (now.host === url.hostname && now.port === port && now.tls === tls) return false;
    this.#moved = { tls, host: url.hostname, port };
    return true;
  }
}

function isGood({ status }: Head): boolean {
  return status >= 200 && status < 300;
}
