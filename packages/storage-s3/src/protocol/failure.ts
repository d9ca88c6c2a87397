/** What is known about a request that did not succeed. */
export interface FailureDetails {
  /** S3's own word for it (`NoSuchKey`), or an errno's name for what the connection says (`ECONNRESET`). */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The call, as the S3 manual names it: `UploadPart`. */
  readonly call: string;
  readonly requestId?: string | undefined;
  /** How long the server asks to wait, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The region that the server says the bucket is in. */
  readonly region?: string | undefined;
  /** Where the server says the bucket is. */
  readonly location?: string | undefined;
  /** The server's clock, milliseconds since 1970. */
  readonly serverTimeMs?: number | undefined;
  /** The server's condition that did not hold, of a PreconditionFailed. */
  readonly condition?: string | undefined;
  readonly cause?: unknown;
}

/** Codes that say nothing about the request, only about the moment. */
const transientCodes: ReadonlySet<string> = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'RequestTimeout',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'ConditionalRequestConflict',
  'OperationAborted',
  'ReducePriority',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'IncompleteBody',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'EPROTO',
  'ERR_CONVEYOR_TRUNCATED',
  'ERR_CONVEYOR_CHECKSUM',
]);

const transientStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** A request that did not succeed: what the server answered, or what became of the connection. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly code: string;
  readonly status: number;
  readonly call: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly region: string | undefined;
  readonly location: string | undefined;
  readonly serverTimeMs: number | undefined;
  readonly condition: string | undefined;
  /** How often it was tried. */
  attempts = 1;

  constructor(message: string, details: FailureDetails) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.call = details.call;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.region = details.region;
    this.location = details.location;
    this.serverTimeMs = details.serverTimeMs;
    this.condition = details.condition;
  }

  /** Whether the same request may succeed at another moment. */
  get isTransient(): boolean {
    return transientCodes.has(this.code) || transientStatuses.has(this.status);
  }

  /** Whether the server asks for fewer requests. */
  get isThrottling(): boolean {
    return this.status === 503 || this.status === 429 || this.code === 'SlowDown';
  }

  /** Whether the request may have taken effect although this came of it. */
  get isAmbiguous(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 200 || this.code === 'RequestTimeout';
  }
}
