import {
  argumentRangeError,
  argumentTypeError,
  requireBoolean,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import type { Latency } from '@libconveyor/storage';
import { type Bandwidth, parseBandwidth, requireLatency } from '@libconveyor/storage/link';
import type { MockCredentials } from './auth/credentials.ts';
import { type MockClock, machineClock } from './clock.ts';
import { requireMockFaultPlan } from './faults/fault-plan.ts';
import type { MockFaultPlan } from './faults/mock-fault.ts';

/** A bucket that exists from the start. */
export interface MockBucket {
  name: string;
  /** Default the server's: requests signed for another region are redirected. */
  region?: string | undefined;
  /** Default false: everything that would change it is AccessDenied. */
  readOnly?: boolean | undefined;
}

/** Options of `startS3Mock`. */
export interface S3MockOptions {
  /** Default 0: any free one. */
  port?: number | undefined;
  /** Default `127.0.0.1`. */
  host?: string | undefined;
  /** Buckets to begin with, by name or with settings. */
  buckets?: readonly (string | MockBucket)[] | undefined;
  /** Who may come in. Default one pair, in `credentials` of the mock. */
  credentials?: readonly MockCredentials[] | undefined;
  /** Requests without a signature are served. Default false: AccessDenied. */
  anonymous?: boolean | undefined;
  /** Default `us-east-1`. */
  region?: string | undefined;
  /** Host names below this one carry the bucket in front. Default `localhost`. */
  domain?: string | undefined;
  /** Bodies are counted and hashed, not kept; reads give `discardedBytes`. Default false. */
  discard?: boolean | undefined;
  /** `md5` (default), or `random`: as encrypted objects have, and without the cost of hashing. */
  etag?: 'md5' | 'random' | undefined;
  /** Smallest part but the last, bytes. Default 5 MiB, as S3. */
  partLengthMin?: number | undefined;
  /** Of everything that is random here. Default 1. */
  seed?: number | undefined;
  clock?: MockClock | undefined;
  /** A folder that keeps everything, created when missing. Default: memory, which goes with the server. */
  data?: string | undefined;
  /** From the last byte of a request to the first of its answer. Default 0. */
  latencyMs?: Latency | undefined;
  /** Of one line that all connections share, each direction: bytes per second, or `1Gbit`. Default no limit. */
  bandwidth?: Bandwidth | undefined;
  /** Of each connection, in each direction. Default no limit. */
  connectionBandwidth?: Bandwidth | undefined;
  /** What goes wrong. Default nothing. */
  faultPlan?: MockFaultPlan | undefined;
}

/** The options with their defaults. */
export interface CheckedOptions {
  readonly port: number;
  readonly host: string;
  readonly buckets: readonly MockBucket[];
  readonly credentials: readonly MockCredentials[];
  readonly anonymous: boolean;
  readonly region: string;
  readonly domain: string;
  readonly discard: boolean;
  readonly etag: 'md5' | 'random';
  readonly partLengthMin: number;
  readonly seed: number;
  readonly clock: MockClock;
  readonly data: string | undefined;
  readonly latencyMs: Latency;
  readonly bytesPerSecond: number | undefined;
  readonly connectionBytesPerSecond: number | undefined;
  readonly faultPlan: MockFaultPlan;
}

const names = [
  'port',
  'host',
  'buckets',
  'credentials',
  'anonymous',
  'region',
  'domain',
  'discard',
  'etag',
  'partLengthMin',
  'seed',
  'clock',
  'data',
  'latencyMs',
  'bandwidth',
  'connectionBandwidth',
  'faultPlan',
];

/** The pair that a server has when it was given none. */
export const defaultCredentials: MockCredentials = { accessKeyId: 's3-mock', secretAccessKey: 's3-mock-secret' };

/** Errors: TypeError, RangeError with the name of the option. */
export function checkOptions(options: S3MockOptions = {}): CheckedOptions {
  requireOptions('options', options, names);
  const checked = {
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    buckets: (options.buckets ?? []).map((bucket) => (typeof bucket === 'string' ? { name: bucket } : bucket)),
    credentials: options.credentials ?? [defaultCredentials],
    anonymous: options.anonymous ?? false,
    region: options.region ?? 'us-east-1',
    domain: options.domain ?? 'localhost',
    discard: options.discard ?? false,
    etag: options.etag ?? 'md5',
    partLengthMin: options.partLengthMin ?? 5 * 1024 ** 2,
    seed: options.seed ?? 1,
    clock: options.clock ?? machineClock,
    data: options.data,
    latencyMs: options.latencyMs ?? 0,
    bytesPerSecond: bandwidthOf('options.bandwidth', options.bandwidth),
    connectionBytesPerSecond: bandwidthOf('options.connectionBandwidth', options.connectionBandwidth),
    faultPlan: options.faultPlan ?? [],
  } as const;
  requireInteger('options.port', checked.port, 0, 65_535);
  requireString('options.host', checked.host);
  requireBoolean('options.anonymous', checked.anonymous);
  requireString('options.region', checked.region);
  requireString('options.domain', checked.domain);
  requireBoolean('options.discard', checked.discard);
  requireOneOf('options.etag', checked.etag, ['md5', 'random']);
  requireInteger('options.partLengthMin', checked.partLengthMin, 1);
  requireInteger('options.seed', checked.seed, 0);
  if (checked.data !== undefined) requireString('options.data', checked.data);
  if (checked.data !== undefined && checked.discard) {
    throw argumentRangeError('options.discard', 'false where options.data is given', true);
  }
  requireLatency('options.latencyMs', checked.latencyMs);
  requireMockFaultPlan('options.faultPlan', checked.faultPlan);
  requireBuckets(checked.buckets);
  requireCredentials(checked.credentials);
  return checked;
}

function bandwidthOf(name: string, bandwidth: Bandwidth | undefined): number | undefined {
  return bandwidth === undefined ? undefined : parseBandwidth(name, bandwidth);
}

function requireBuckets(buckets: readonly MockBucket[]): void {
  for (const [index, bucket] of buckets.entries()) {
    requireOptions(`options.buckets[${index}]`, bucket, ['name', 'region', 'readOnly']);
    requireString(`options.buckets[${index}].name`, bucket.name);
  }
}

function requireCredentials(credentials: readonly MockCredentials[]): void {
  for (const [index, one] of credentials.entries()) {
    const name = `options.credentials[${index}]`;
    if (one === undefined) throw argumentTypeError(name, 'an object', one);
    requireOptions(name, one, ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiresAtMs', 'readOnly']);
    requireString(`${name}.accessKeyId`, one.accessKeyId);
    requireString(`${name}.secretAccessKey`, one.secretAccessKey);
  }
}
