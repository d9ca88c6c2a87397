import { createHash, createHmac } from 'node:crypto';

/** What a request is signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end; undefined: never. */
  readonly expiration?: Date | undefined;
}

/** A request as far as its signature covers it. */
export interface SignableRequest {
  readonly method: string;
  /** As it stands in the request line: encoded once, from the first slash on, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. Those listed by {@link isSigned} are covered. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where and when a signature counts. */
export interface SigningScope {
  readonly region: string;
  readonly date: Date;
}

/** The payload's place in the signature when its bytes are not covered. */
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/** SHA-256 of no bytes. */
export const emptyPayload = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const keysMax = 16;
const signingKeys = new Map<string, Buffer>();

/**
 * The headers that make a request one of its sender's: AWS Signature Version 4 for the service s3, in the
 * Authorization header.
 *
 * @param payload Hexadecimal SHA-256 of the body, or {@link unsignedPayload}.
 * @returns The headers to add to those of the request.
 */
export function signature(
  request: SignableRequest,
  payload: string,
  credentials: Credentials,
  { region, date }: SigningScope,
): Record<string, string> {
  const timestamp = date.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = timestamp.slice(0, 8);
  const { accessKeyId, sessionToken } = credentials;
  const added: Record<string, string> = {
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payload,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const headers: Record<string, string> = { ...request.headers, ...added };
  const names = Object.keys(headers).filter(isSigned).sort();
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
  const signed = createHmac('sha256', signingKey(credentials, day, region))
    .update(text)
    .digest('hex');
  const parts = [`Credential=${accessKeyId}/${scope}`, `SignedHeaders=${names.join(';')}`, `Signature=${signed}`];
  return { ...added, authorization: `AWS4-HMAC-SHA256 ${parts.join(', ')}` };
}

/** A query as it is signed and sent: sorted, every name with its `=`. */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`)
    .sort()
    .join('&');
}

/** Percent-encodes everything but what RFC 3986 calls unreserved. */
export function encodeComponent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Hexadecimal SHA-256. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function isSigned(name: string): boolean {
  return name === 'host' || name === 'content-type' || name === 'content-md5' || name.startsWith('x-amz-');
}

function signingKey({ secretAccessKey }: Credentials, day: string, region: string): Buffer {
  const name = `${day}/${region}/${secretAccessKey}`;
  const known = signingKeys.get(name);
  if (known !== undefined) return known;
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
  const key = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secretAccessKey}`, day), region));
  // The oldest goes first: a key counts for a day.
  const [oldest] = signingKeys.keys();
  if (signingKeys.size >= keysMax && oldest !== undefined) signingKeys.delete(oldest);
  signingKeys.set(name, key);
  return key;
}
