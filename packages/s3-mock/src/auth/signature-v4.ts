import { createHash, createHmac } from 'node:crypto';
import { awsEncode } from '../uri.ts';

/** SHA-256 of nothing, hexadecimal. */
export const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The parts of a credential scope: `20130524/us-east-1/s3/aws4_request`. */
export interface Scope {
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** What goes into a canonical request (AWS Signature Version 4). */
export interface CanonicalParts {
  readonly method: string;
  /** Decoded path; it is encoded once, as S3 does, and not normalised. */
  readonly path: string;
  /** Decoded parameters, without the signature itself. */
  readonly parameters: readonly (readonly [string, string])[];
  /** The signed headers, names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Hexadecimal digest of the body, or one of S3's words for it. */
  readonly payloadHash: string;
}

/** The canonical request: what both sides must agree on. */
export function canonicalRequest({ method, path, parameters, headers, payloadHash }: CanonicalParts): string {
  const query = parameters
    .map(([name, value]) => [awsEncode(name), awsEncode(value)] as const)
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const sorted = [...headers].sort(byNameThenValue);
  const lines = sorted.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('');
  const names = sorted.map(([name]) => name).join(';');
  return [method, awsEncode(path, true), query, lines, names, payloadHash].join('\n');
}

function byNameThenValue(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}

/** `20130524/us-east-1/s3/aws4_request` */
export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/** The string to sign for a request. `timestamp` is YYYYMMDD'T'HHMMSS'Z'. */
export function stringToSign(timestamp: string, scope: Scope, canonical: string): string {
  return ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256Hex(canonical)].join('\n');
}

/** The key that signs within one scope. */
export function signingKey(secret: string, { date, region, service }: Scope): Buffer {
  const steps = [date, region, service, 'aws4_request'];
  return steps.reduce<Buffer>((key, step) => hmac(key, step), Buffer.from(`AWS4${secret}`));
}

/** The signature of a string, hexadecimal. */
export function sign(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex');
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Milliseconds since 1970 of a YYYYMMDD'T'HHMMSS'Z', or undefined. */
export function parseTimestamp(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** YYYYMMDD'T'HHMMSS'Z' of a time in milliseconds since 1970. */
export function formatTimestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
