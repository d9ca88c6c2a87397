import { ConveyorError } from '@libconveyor/errors';
import type { Origin } from './connections.ts';
import { encodeComponent } from './signature.ts';

/** How the bucket stands in a URL: `host/bucket/key`, or `bucket.host/key`. */
export type Addressing = 'path' | 'virtual';

/** Where one bucket is. */
export interface Endpoint {
  readonly bucket: string;
  /** Undefined: Amazon's own, by region. */
  readonly url: URL | undefined;
  readonly addressing: Addressing;
}

/**
 * The endpoint of a bucket.
 *
 * @param addressing Undefined: the bucket in the path for an endpoint of one's own and for a bucket with dots, whose
 *   name no certificate matches; else in the host.
 * Errors: EINVAL for a URL that is none, or has credentials, a query or a fragment.
 */
export function endpointOf(bucket: string, url: string | undefined, addressing: Addressing | undefined): Endpoint {
  const parsed = url === undefined || url === '' ? undefined : parseEndpoint(url);
  const natural = parsed !== undefined || bucket.includes('.') ? 'path' : 'virtual';
  return { bucket, url: parsed, addressing: addressing ?? natural };
}

/** Whether Amazon itself answers there. */
export function isAmazon({ url }: Endpoint): boolean {
  return url === undefined || /(^|\.)amazonaws\.com(\.cn)?$/.test(url.hostname);
}

/** Host and path for a key; no key: the bucket itself. */
export function addressOf(
  endpoint: Endpoint,
  region: string,
  key: string | undefined,
): { origin: Origin; path: string } {
  const { bucket, url, addressing } = endpoint;
  const base = url ?? new URL(`https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`);
  const tls = base.protocol === 'https:';
  const port = base.port === '' ? (tls ? 443 : 80) : Number(base.port);
  const name = base.hostname.replace(/^\[|\]$/g, '');
  const host = addressing === 'virtual' ? `${bucket}.${name}` : name;
  const folder = base.pathname.replace(/\/+$/, '') + (addressing === 'path' ? `/${encodeComponent(bucket)}` : '');
  const rest = key === undefined ? '' : `/${key.split('/').map(encodeComponent).join('/')}`;
  return { origin: { tls, host, port }, path: folder + rest || '/' };
}

/** The Host header. */
export function hostHeader({ tls, host, port }: Origin): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url !== undefined && isWeb && url.username === '' && url.search === '' && url.hash === '') return url;
  const detail = `'${text}' is no endpoint; one looks like https://s3.example.org`;
  throw new ConveyorError('EINVAL', { origin: 'storage-s3', operation: 'locate', detail });
}
