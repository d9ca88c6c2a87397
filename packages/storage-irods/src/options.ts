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
  defaultEncryption,
  type EncryptionSettings,
  type NegotiationPolicy,
  negotiationPolicies,
} from '@libconveyor/irods-protocol';
import { type Clock, systemClock } from '@libconveyor/storage';

/** Options of `IrodsStorage.connect`. Sizes are bytes, times milliseconds. */
export interface IrodsStorageOptions {
  host: string;
  /** Default 1247. */
  port?: number | undefined;
  zone: string;
  /** Default `anonymous`, who needs no password. */
  user?: string | undefined;
  password?: string | undefined;
  /** On whose behalf, `name` or `name#zone`; for administrators. */
  clientUser?: string | undefined;
  /** `native`, or `pam_password`, which needs TLS. Default `native`. */
  authentication?: 'native' | 'pam_password' | undefined;
  /** How long a password that PAM makes is good, hours; default as the server likes. */
  pamTtlHours?: number | undefined;
  /** A ticket for every request. */
  ticket?: string | undefined;
  /** What this side thinks of TLS. Default `CS_NEG_DONT_CARE`: TLS unless the server refuses it. */
  policy?: NegotiationPolicy | undefined;
  /** How certificates are looked at: chain and `hostname` (default), the chain (`cert`), or not at all (`none`). */
  verify?: 'hostname' | 'cert' | 'none' | undefined;
  /** Authorities, PEM. Default those of the system. */
  ca?: string | readonly string[] | undefined;
  /** Sizes that the protocol wants announced inside of TLS. */
  encryption?: EncryptionSettings | undefined;
  /** Where new objects go. Default as the server likes. */
  resource?: string | undefined;
  /** The replica that is read and written. Default as the server likes. */
  replica?: number | undefined;
  /** `remove` puts objects into the trash. Default false. */
  usesTrash?: boolean | undefined;
  /** Whoever reads an object from its start to its end has compared the catalog's checksum (true). */
  verifiesReads?: boolean | undefined;
  /** A replacement is committed when the server's own checksum of its bytes is the one of the bytes sent (true). */
  verifiesReplacements?: boolean | undefined;
  /** The checksum that the server makes, for the comparison (sha2). */
  hashScheme?: 'sha2' | 'md5' | undefined;
  /** Connections at once (8). */
  connectionsMax?: number | undefined;
  /** Connections that one file reads or writes on at once (4). */
  streamsMax?: number | undefined;
  /** Of single reads and writes (4 MiB). */
  pieceBytes?: number | undefined;
  connectTimeoutMs?: number | undefined;
  /** A connection on which an answer is outstanding and nothing arrives for so long is given up (120,000). */
  requestTimeoutMs?: number | undefined;
  /** The same for a close and for a checksum, over which servers may take their time (900,000). */
  slowRequestTimeoutMs?: number | undefined;
  /** A connection that nobody used for so long is not used again (120,000). */
  idleTimeoutMs?: number | undefined;
  /** How often something is begun at most, where connections are lost or objects locked (5). */
  attemptsMax?: number | undefined;
  /** The first wait before another attempt, doubled each time (100). */
  retryDelayMs?: number | undefined;
  /** How administrators see this program. */
  applicationName?: string | undefined;
  /** Where waits are waited. */
  clock?: Clock | undefined;
}

/** Options with their defaults. */
export interface CheckedOptions extends IrodsStorageOptions {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly authentication: 'native' | 'pam_password';
  readonly pamTtlHours: number;
  readonly policy: NegotiationPolicy;
  readonly verify: 'hostname' | 'cert' | 'none';
  readonly encryption: EncryptionSettings;
  readonly usesTrash: boolean;
  readonly verifiesReads: boolean;
  readonly verifiesReplacements: boolean;
  readonly hashScheme: 'sha2' | 'md5';
  readonly connectionsMax: number;
  readonly streamsMax: number;
  readonly pieceBytes: number;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly slowRequestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  readonly applicationName: string;
  readonly clock: Clock;
}

export const defaultPort = 1247;

const integers = [
  ['port', 1, 65_535],
  ['pamTtlHours', 0, 9999],
  ['replica', 0, 2 ** 31 - 1],
  ['connectionsMax', 2, 64],
  ['streamsMax', 1, 16],
  ['pieceBytes', 4096, 256 * 1024 ** 2],
  ['connectTimeoutMs', 1, 2 ** 31 - 1],
  ['requestTimeoutMs', 1, 2 ** 31 - 1],
  ['slowRequestTimeoutMs', 1, 2 ** 31 - 1],
  ['idleTimeoutMs', 0, 2 ** 31 - 1],
  ['attemptsMax', 1, 100],
  ['retryDelayMs', 0, 60_000],
] as const;
const strings = ['host', 'zone', 'user', 'password', 'clientUser', 'ticket', 'resource', 'applicationName'] as const;
const booleans = ['usesTrash', 'verifiesReads', 'verifiesReplacements'] as const;
const choices = {
  authentication: ['native', 'pam_password'],
  policy: negotiationPolicies,
  verify: ['hostname', 'cert', 'none'],
  hashScheme: ['sha2', 'md5'],
} as const;

/** Every option there is. */
export const optionNames: readonly string[] = [
  'ca',
  'encryption',
  'clock',
  ...integers.map(([name]) => name),
  ...strings,
  ...booleans,
  ...Object.keys(choices),
];

/** Errors: TypeError, RangeError, each with the option's name. */
export function checkOptions(options: IrodsStorageOptions): CheckedOptions {
  if (options === undefined) throw argumentTypeError('options', 'an object', options);
  requireOptions('options', options, optionNames);
  requireString('options.host', options.host);
  requireString('options.zone', options.zone);
  for (const [name, min, max] of integers) {
    if (options[name] !== undefined) requireInteger(`options.${name}`, options[name], min, max);
  }
  for (const name of strings) if (options[name] !== undefined) requireString(`options.${name}`, options[name]);
  for (const name of booleans) if (options[name] !== undefined) requireBoolean(`options.${name}`, options[name]);
  for (const [name, values] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices];
    if (value !== undefined) requireOneOf(`options.${name}`, value, values as readonly string[]);
  }
  for (const name of ['host', 'zone', 'user'] as const) {
    const value = options[name];
    // The protocol's fields have 64 bytes with the NUL.
    const isFit = value === undefined || (value !== '' && Buffer.byteLength(value) < (name === 'host' ? 256 : 64));
    if (!isFit) throw argumentRangeError(`options.${name}`, 'a name of at most 63 bytes', value);
  }
  return withDefaults(options);
}

function withDefaults(options: IrodsStorageOptions): CheckedOptions {
  return {
    ...options,
    port: options.port ?? defaultPort,
    user: options.user ?? 'anonymous',
    password: options.password ?? '',
    authentication: options.authentication ?? 'native',
    pamTtlHours: options.pamTtlHours ?? 0,
    policy: options.policy ?? 'CS_NEG_DONT_CARE',
    verify: options.verify ?? 'hostname',
    encryption: options.encryption ?? defaultEncryption,
    usesTrash: options.usesTrash ?? false,
    verifiesReads: options.verifiesReads ?? true,
    verifiesReplacements: options.verifiesReplacements ?? true,
    hashScheme: options.hashScheme ?? 'sha2',
    connectionsMax: options.connectionsMax ?? 8,
    streamsMax: options.streamsMax ?? 4,
    pieceBytes: options.pieceBytes ?? 4 * 1024 ** 2,
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 120_000,
    slowRequestTimeoutMs: options.slowRequestTimeoutMs ?? 900_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 120_000,
    attemptsMax: options.attemptsMax ?? 5,
    retryDelayMs: options.retryDelayMs ?? 100,
    applicationName: options.applicationName ?? 'conveyor',
    clock: options.clock ?? systemClock,
  };
}
