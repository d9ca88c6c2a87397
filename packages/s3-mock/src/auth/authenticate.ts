import { timingSafeEqual } from 'node:crypto';
import { S3Error, type S3ErrorCode } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import { percentDecode } from '../uri.ts';
import type { CredentialStore, MockCredentials } from './credentials.ts';
import {
  canonicalRequest,
  formatTimestamp,
  parseTimestamp,
  type Scope,
  scopeText,
  sign,
  signingKey,
  stringToSign,
} from './signature-v4.ts';

/** A request may be this much older or newer than the server's clock. */
const skewMsMax = 15 * 60 * 1000;
/** The longest life of a presigned address, seconds. */
const expirySecondsMax = 7 * 24 * 3600;

/** Who asks, as far as the signature proves it. */
export interface Identity {
  readonly credentials: MockCredentials;
  readonly region: string;
  /** Of the body: a digest, or a word such as `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  readonly presigned: boolean;
  /** What a body that is signed chunk by chunk goes on with. */
  readonly seed: {
    readonly key: Buffer;
    readonly timestamp: string;
    readonly scope: string;
    readonly signature: string;
  };
}

interface Claim {
  readonly accessKeyId: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly payloadHash: string;
  readonly sessionToken: string | undefined;
  /** Seconds, presigned requests only. */
  readonly expires: number | undefined;
}

/**
 * Verifies the signature of a request, from its header or its query (presigned).
 *
 * @param nowMs The server's clock, milliseconds since 1970.
 * @returns Undefined for a request that carries no signature at all.
 * Errors: S3Error as S3 answers them: a signature by another secret is SignatureDoesNotMatch.
 */
export function authenticate(request: S3Request, store: CredentialStore, nowMs: number): Identity | undefined {
  const claim = claimOf(request);
  if (claim === undefined) return undefined;
  const credentials = store.find(claim.accessKeyId);
  if (credentials === undefined) {
    throw new S3Error('InvalidAccessKeyId', { elements: { AWSAccessKeyId: claim.accessKeyId } });
  }
  requireTime(claim, nowMs);
  requireSignedHeaders(request, claim);
  const canonical = canonicalRequest({
    method: request.method,
    path: percentDecode(request.path) ?? '',
    parameters: request.parameters.filter(([name]) => name !== 'X-Amz-Signature'),
    headers: claim.signedHeaders.map((name) => [name, request.header(name) ?? '']),
    payloadHash: claim.payloadHash,
  });
  const text = stringToSign(claim.timestamp, claim.scope, canonical);
  const key = signingKey(credentials.secretAccessKey, claim.scope);
  if (!sameText(sign(key, text), claim.signature)) throw mismatch(claim, text, canonical);
  requireToken(credentials, claim.sessionToken, nowMs);
  const { signature, timestamp, payloadHash } = claim;
  const seed = { key, timestamp, scope: scopeText(claim.scope), signature };
  return { credentials, region: claim.scope.region, payloadHash, presigned: claim.expires !== undefined, seed };
}

/** Compares without telling by its time how much is equal. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function claimOf(request: S3Request): Claim | undefined {
  const authorization = request.header('authorization');
  if (authorization !== undefined) {
    if (request.query.has('X-Amz-Algorithm')) {
      const message =
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query ' +
        'string parameter or the Authorization header should be specified';
      throw new S3Error('InvalidArgument', { message });
    }
    return headerClaim(request, authorization);
  }
  return request.query.has('X-Amz-Algorithm') ? queryClaim(request) : undefined;
}

function headerClaim(request: S3Request, authorization: string): Claim {
  const code = 'AuthorizationHeaderMalformed';
  const [, algorithm, rest] = /^(\S+)\s+(.*)$/.exec(authorization) ?? [];
  if (algorithm !== 'AWS4-HMAC-SHA256' || rest === undefined) {
    const message = 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
    throw new S3Error('InvalidRequest', { message });
  }
  const fields = new Map(
    rest.split(',').map((field) => {
      const [name = '', ...value] = field.trim().split('=');
      return [name, value.join('=')];
    }),
  );
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    const message = 'The authorization header is malformed; it needs Credential, SignedHeaders and Signature.';
    throw new S3Error(code, { message });
  }
  const payloadHash = request.header('x-amz-content-sha256');
  if (payloadHash === undefined) {
    const message = 'Missing required header for this request: x-amz-content-sha256';
    throw new S3Error('InvalidRequest', { message });
  }
  return {
    ...credentialOf(credential, code),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp: timestampOf(request),
    payloadHash,
    sessionToken: request.header('x-amz-security-token'),
    expires: undefined,
  };
}

function timestampOf(request: S3Request): string {
  const own = request.header('x-amz-date');
  if (own !== undefined) return own;
  const date = Date.parse(request.header('date') ?? '');
  if (Number.isNaN(date)) {
    const message = 'AWS authentication requires a valid Date or x-amz-date header';
    throw new S3Error('AccessDenied', { message });
  }
  return formatTimestamp(date);
}

function queryClaim(request: S3Request): Claim {
  const code = 'AuthorizationQueryParametersError';
  const need = (name: string): string => {
    const value = request.query.get(name);
    if (value !== undefined && value !== '') return value;
    const message =
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, ' +
      'X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.';
    throw new S3Error(code, { message });
  };
  if (need('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw new S3Error(code, { message: 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"' });
  }
  const expires = Number(need('X-Amz-Expires'));
  if (!Number.isInteger(expires) || expires < 1 || expires > expirySecondsMax) {
    const message = `X-Amz-Expires must be between 1 and ${expirySecondsMax} seconds`;
    throw new S3Error(code, { message });
  }
  return {
    ...credentialOf(need('X-Amz-Credential'), code),
    signedHeaders: need('X-Amz-SignedHeaders').split(';'),
    signature: need('X-Amz-Signature'),
    timestamp: need('X-Amz-Date'),
    payloadHash:
      request.query.get('X-Amz-Content-Sha256') ?? request.header('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    sessionToken: request.query.get('X-Amz-Security-Token'),
    expires,
  };
}

function credentialOf(text: string, code: S3ErrorCode): { accessKeyId: string; scope: Scope } {
  const parts = text.split('/');
  const [date, region, service, terminal] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  const words = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';
  if (accessKeyId === '' || date === undefined || region === undefined || !/^\d{8}$/.test(date)) {
    throw new S3Error(code, { message: `The authorization header is malformed; ${words}` });
  }
  if (service !== 's3' || terminal !== 'aws4_request') {
    const message = `The authorization header is malformed; incorrect service "${service}", expecting "s3".`;
    throw new S3Error(code, { message });
  }
  return { accessKeyId, scope: { date, region, service } };
}

function requireTime({ timestamp, scope, expires }: Claim, nowMs: number): void {
  const signedAtMs = parseTimestamp(timestamp);
  if (signedAtMs === undefined || !timestamp.startsWith(scope.date)) {
    const message = `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${timestamp}".`;
    const code = expires === undefined ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError';
    throw new S3Error(code, { message });
  }
  if (expires !== undefined) {
    if (nowMs > signedAtMs + expires * 1000) {
      const elements = { 'X-Amz-Expires': expires, ServerTime: new Date(nowMs).toISOString() };
      throw new S3Error('AccessDenied', { message: 'Request has expired', elements });
    }
    if (signedAtMs - nowMs <= skewMsMax) return;
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet' });
  }
  if (Math.abs(nowMs - signedAtMs) <= skewMsMax) return;
  throw new S3Error('RequestTimeTooSkewed', {
    elements: {
      RequestTime: timestamp,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: skewMsMax,
    },
  });
}

/** What an attacker could add or change must be under the signature: the host, and every header of AWS's own. */
function requireSignedHeaders(request: S3Request, { signedHeaders, expires }: Claim): void {
  const signed = new Set(signedHeaders);
  const mustBe = (name: string): boolean =>
    name === 'host' || (name.startsWith('x-amz-') && !(expires !== undefined && name === 'x-amz-content-sha256'));
  const missing = ['host', ...request.headerNames].filter((name) => mustBe(name) && !signed.has(name));
  if (missing.length === 0) return;
  const message = 'There were headers present in the request which were not signed';
  throw new S3Error('AccessDenied', { message, elements: { HeadersNotSigned: [...new Set(missing)].join(', ') } });
}

function requireToken(credentials: MockCredentials, token: string | undefined, nowMs: number): void {
  if (credentials.expiresAtMs !== undefined && nowMs >= credentials.expiresAtMs) throw new S3Error('ExpiredToken');
  if (token !== credentials.sessionToken) throw new S3Error('InvalidToken');
}

function mismatch(claim: Claim, text: string, canonical: string): S3Error {
  return new S3Error('SignatureDoesNotMatch', {
    elements: {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: text,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    },
  });
}
