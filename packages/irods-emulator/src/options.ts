import {
  argumentRangeError,
  argumentTypeError,
  requireBoolean,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import {
  isAtLeast,
  type NegotiationPolicy,
  negotiationPolicies,
  oldestSupported,
  parseRelVersion,
  type ServerVersion,
} from '@libconveyor/irods-protocol';
import type { Latency } from '@libconveyor/storage';
import { type Bandwidth, parseBandwidth, requireLatency } from '@libconveyor/storage/link';
import type { EmulatorTicket } from './catalog/permissions.ts';
import type { EmulatorResource } from './catalog/resources.ts';
import type { EmulatorUser } from './catalog/users.ts';
import { type EmulatorClock, machineClock } from './clock.ts';
import type { EmulatorFaultPlan } from './faults/emulator-fault.ts';
import { requireEmulatorFaultPlan } from './faults/fault-plan.ts';

/** The key and the certificate of a server, PEM. */
export interface EmulatorTls {
  readonly key: string;
  readonly cert: string;
}

/** Options of `startIrodsEmulator`. */
export interface IrodsEmulatorOptions {
  /** Default 0: any free one. */
  port?: number | undefined;
  /** Default `127.0.0.1`. */
  host?: string | undefined;
  /** A folder that keeps everything, created when missing. Default: memory, which goes with the server. */
  data?: string | undefined;
  /** Default `tempZone`. */
  zone?: string | undefined;
  /** Who may come in. Default `rods` with the password `rods`, an administrator. */
  users?: readonly EmulatorUser[] | undefined;
  tickets?: readonly EmulatorTicket[] | undefined;
  /** Parents before children. Default one, `demoResc`. */
  resources?: readonly EmulatorResource[] | undefined;
  /** Default the first. */
  defaultResource?: string | undefined;
  /** Which server it is: decides about APIs and some codes. From `4.2.9` on; default `5.0.2`. */
  version?: string | undefined;
  /** What it thinks of TLS. Default `CS_NEG_DONT_CARE` with `tls`, else `CS_NEG_REFUSE`. */
  policy?: NegotiationPolicy | undefined;
  tls?: EmulatorTls | undefined;
  /** Integers may be missing that python-irodsclient leaves out. Default false. */
  allowOmitted?: boolean | undefined;
  /** Checksums that it computes. Default `sha2`. */
  hashScheme?: 'sha2' | 'md5' | undefined;
  /** More connections are refused. Default no limit. */
  connectionsMax?: number | undefined;
  /** So many descriptors of a connection. Default 1015. */
  descriptorsMax?: number | undefined;
  /** Nothing can be created while replicas have so many bytes together. Default no limit. */
  quotaBytes?: number | undefined;
  /** No write goes beyond so many bytes on the disk. Default no limit. */
  capacityBytes?: number | undefined;
  /** From the last byte of a request to the first of its reply; requests in flight wait together. Default 0. */
  latencyMs?: Latency | undefined;
  /** Of one line that all connections share, each direction: bytes per second, or `1Gbit`. Default no limit. */
  bandwidth?: Bandwidth | undefined;
  /** Of each connection, in each direction. Default no limit. */
  connectionBandwidth?: Bandwidth | undefined;
  /** What goes wrong. Default nothing. */
  faultPlan?: EmulatorFaultPlan | undefined;
  /** Of everything that is random here but challenges and passwords. Default 1. */
  seed?: number | undefined;
  clock?: EmulatorClock | undefined;
}

/** The options with their defaults. */
export interface CheckedOptions {
  readonly port: number;
  readonly host: string;
  readonly data: string | undefined;
  readonly zone: string;
  readonly users: readonly EmulatorUser[];
  readonly tickets: readonly EmulatorTicket[];
  readonly resources: readonly EmulatorResource[];
  readonly defaultResource: string | undefined;
  readonly version: ServerVersion;
  readonly policy: NegotiationPolicy;
  readonly tls: EmulatorTls | undefined;
  readonly allowOmitted: boolean;
  readonly hashScheme: 'sha2' | 'md5';
  readonly connectionsMax: number | undefined;
  readonly descriptorsMax: number;
  readonly quotaBytes: number | undefined;
  readonly capacityBytes: number | undefined;
  readonly latencyMs: Latency;
  readonly bytesPerSecond: number | undefined;
  readonly connectionBytesPerSecond: number | undefined;
  readonly faultPlan: EmulatorFaultPlan;
  readonly seed: number;
  readonly clock: EmulatorClock;
}

const names = [
  'port',
  'host',
  'data',
  'zone',
  'users',
  'tickets',
  'resources',
  'defaultResource',
  'version',
  'policy',
  'tls',
  'allowOmitted',
  'hashScheme',
  'connectionsMax',
  'descriptorsMax',
  'quotaBytes',
  'capacityBytes',
  'latencyMs',
  'bandwidth',
  'connectionBandwidth',
  'faultPlan',
  'seed',
  'clock',
];

/** Whom a server knows that was told of nobody. */
export const defaultUser: EmulatorUser = { name: 'rods', password: 'rods', type: 'rodsadmin' };

/** Errors: TypeError, RangeError with the name of the option. */
export function checkOptions(options: IrodsEmulatorOptions = {}): CheckedOptions {
  requireOptions('options', options, names);
  const checked = {
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    data: options.data,
    zone: options.zone ?? 'tempZone',
    users: options.users ?? [defaultUser],
    tickets: options.tickets ?? [],
    resources: options.resources ?? [{ name: 'demoResc' }],
    defaultResource: options.defaultResource,
    version: parseVersion(options.version ?? '5.0.2'),
    policy: options.policy ?? (options.tls === undefined ? 'CS_NEG_REFUSE' : 'CS_NEG_DONT_CARE'),
    tls: options.tls,
    allowOmitted: options.allowOmitted ?? false,
    hashScheme: options.hashScheme ?? 'sha2',
    connectionsMax: options.connectionsMax,
    descriptorsMax: options.descriptorsMax ?? 1015,
    quotaBytes: options.quotaBytes,
    capacityBytes: options.capacityBytes,
    latencyMs: options.latencyMs ?? 0,
    bytesPerSecond: bandwidthOf('options.bandwidth', options.bandwidth),
    connectionBytesPerSecond: bandwidthOf('options.connectionBandwidth', options.connectionBandwidth),
    faultPlan: options.faultPlan ?? [],
    seed: options.seed ?? 1,
    clock: options.clock ?? machineClock,
  };
  requireSense(checked);
  return checked;
}

function requireSense(checked: CheckedOptions): void {
  requireInteger('options.port', checked.port, 0, 65_535);
  requireString('options.host', checked.host);
  if (checked.data !== undefined) requireString('options.data', checked.data);
  requireString('options.zone', checked.zone);
  if (!/^[\w.-]{1,62}$/.test(checked.zone))
    throw argumentRangeError('options.zone', 'a name without slashes', checked.zone);
  requireBoolean('options.allowOmitted', checked.allowOmitted);
  requireOneOf('options.hashScheme', checked.hashScheme, ['sha2', 'md5']);
  requireOneOf('options.policy', checked.policy, negotiationPolicies);
  for (const name of ['connectionsMax', 'quotaBytes', 'capacityBytes'] as const) {
    if (checked[name] !== undefined) requireInteger(`options.${name}`, checked[name], 0);
  }
  requireInteger('options.descriptorsMax', checked.descriptorsMax, 1, 1023);
  requireInteger('options.seed', checked.seed);
  requireLatency('options.latencyMs', checked.latencyMs);
  requireEmulatorFaultPlan('options.faultPlan', checked.faultPlan);
  requireUsers(checked.users);
  if (checked.policy === 'CS_NEG_REQUIRE' && checked.tls === undefined) {
    throw argumentRangeError('options.tls', 'a key and a certificate where TLS is required', checked.tls);
  }
}

function requireUsers(users: unknown): void {
  if (!Array.isArray(users)) throw argumentTypeError('options.users', 'an array', users);
  for (const [index, user] of users.entries()) {
    const name = `options.users[${index}]`;
    requireOptions(name, user, ['name', 'password', 'pamPassword', 'type']);
    requireString(`${name}.name`, user.name);
    requireString(`${name}.password`, user.password);
    if (!/^[^/#]{1,63}$/.test(user.name)) throw argumentRangeError(`${name}.name`, 'a name without / and #', user.name);
    if (user.type !== undefined) requireOneOf(`${name}.type`, user.type, ['rodsuser', 'rodsadmin']);
  }
}

function parseVersion(text: unknown): ServerVersion {
  requireString('options.version', text);
  const version = parseRelVersion(`rods${text}`);
  if (version !== undefined && isAtLeast(version, oldestSupported)) return version;
  throw argumentRangeError('options.version', 'a version from 4.2.9 on', text);
}

function bandwidthOf(name: string, bandwidth: Bandwidth | undefined): number | undefined {
  return bandwidth === undefined ? undefined : parseBandwidth(name, bandwidth);
}
