import {
  argumentTypeError,
  requireBoolean,
  requireFunction,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import { type Clock, systemClock } from '@libconveyor/storage';
import type { CredentialProvider } from './protocol/credential-source.ts';
import type { Addressing } from './protocol/endpoint.ts';
import type { Credentials } from './protocol/signature.ts';

/** Options of `S3Storage.connect`. Sizes are bytes, times milliseconds. */
export interface S3StorageOptions {
  bucket: string;
  /** `https://s3.example.org`. Default: what the environment or the profile says, else Amazon's. */
  endpoint?: string | undefined;
  /** Default: what the environment or the profile says, else `us-east-1`; a wrong one is set right by the server. */
  region?: string | undefined;
  /** Default: `virtual` at Amazon, `path` elsewhere. */
  addressing?: Addressing | undefined;
  /** Keys, somebody who gives them, or nobody in particular. Default: where the AWS tools find them. */
  credentials?: Credentials | CredentialProvider | 'anonymous' | undefined;
  /**
   * Directories are kept as objects whose keys end in a slash, and a file needs its directory (true). False: names are
   * flat, which saves the question whether the directory is there.
   */
  directories?: boolean | undefined;
  /** Of the first thousand parts of an upload (8 MiB); S3 takes no less than 5 MiB. */
  partBytes?: number | undefined;
  /** Parts of one file on their way at once (6). */
  partsParallel?: number | undefined;
  /** Memory that open files share beyond one part each (128 MiB). */
  memoryBytes?: number | undefined;
  /**
   * Where written bytes go that memory gives up and that are not committed: `disk` (default) keeps them in a temporary
   * file, so that they can be read and rewritten; with `none` only the server has them, and that is ENOTSUP.
   */
  spool?: 'disk' | 'none' | undefined;
  /**
   * Replacements are written under a hidden name beside their target, so that `sync` makes the server have them and
   * they can be read back from there; `commit` copies them on the server (false: `commit` completes the upload itself).
   */
  stagesReplacements?: boolean | undefined;
  /** Default: the directory for temporary files. */
  spoolDirectory?: string | undefined;
  /** Connections at once (32). */
  connectionsMax?: number | undefined;
  /** A connection on which nothing moves for so long is given up (30,000). */
  stallTimeoutMs?: number | undefined;
  /** How often a request is sent at most (8). */
  attemptsMax?: number | undefined;
  /** The longest first wait before a request is sent again (100). */
  retryDelayMs?: number | undefined;
  /** Whether signatures cover bodies where TLS does not protect them (true). */
  signsPayload?: boolean | undefined;
  /** Where waits are waited. */
  clock?: Clock | undefined;
  /** The time of day, milliseconds since 1970. */
  timeMs?: (() => number) | undefined;
  /** Told of every request that is sent, by the name that S3 has for it. */
  onRequest?: ((name: string) => void) | undefined;
}

/** Options with their defaults. */
export interface CheckedOptions extends S3StorageOptions {
  readonly directories: boolean;
  readonly partBytes: number;
  readonly partsParallel: number;
  readonly memoryBytes: number;
  readonly spool: 'disk' | 'none';
  readonly connectionsMax: number;
  readonly stallTimeoutMs: number;
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  readonly signsPayload: boolean;
  readonly stagesReplacements: boolean;
  readonly clock: Clock;
  readonly timeMs: () => number;
}

const mib = 1024 ** 2;
const gib = 1024 ** 3;

const integers = [
  ['partBytes', 1, gib],
  ['partsParallel', 1, 64],
  ['memoryBytes', 0, Number.MAX_SAFE_INTEGER],
  ['connectionsMax', 1, 1024],
  ['stallTimeoutMs', 1, 2 ** 31 - 1],
  ['attemptsMax', 1, 100],
  ['retryDelayMs', 0, 60_000],
] as const;

const strings = ['endpoint', 'region', 'spoolDirectory'] as const;
const booleans = ['directories', 'signsPayload', 'stagesReplacements'] as const;
const functions = ['timeMs', 'onRequest'] as const;

/** Every option there is. */
export const optionNames: readonly string[] = [
  'bucket',
  'addressing',
  'credentials',
  'spool',
  'clock',
  ...integers.map(([name]) => name),
  ...strings,
  ...booleans,
  ...functions,
];

/** Errors: TypeError, RangeError, each with the option's name. */
export function checkOptions(options: S3StorageOptions): CheckedOptions {
  if (options === undefined) throw argumentTypeError('options', 'an object', options);
  requireOptions('options', options, optionNames);
  requireString('options.bucket', options.bucket);
  const { addressing, spool, credentials } = options;
  for (const [name, min, max] of integers) {
    if (options[name] !== undefined) requireInteger(`options.${name}`, options[name], min, max);
  }
  for (const name of strings) if (options[name] !== undefined) requireString(`options.${name}`, options[name]);
  for (const name of booleans) if (options[name] !== undefined) requireBoolean(`options.${name}`, options[name]);
  for (const name of functions) if (options[name] !== undefined) requireFunction(`options.${name}`, options[name]);
  if (addressing !== undefined) requireOneOf('options.addressing', addressing, ['path', 'virtual']);
  if (spool !== undefined) requireOneOf('options.spool', spool, ['disk', 'none']);
  requireCredentials(credentials);
  return {
    ...options,
    directories: options.directories ?? true,
    partBytes: options.partBytes ?? 8 * mib,
    partsParallel: options.partsParallel ?? 6,
    memoryBytes: options.memoryBytes ?? 128 * mib,
    spool: spool ?? 'disk',
    connectionsMax: options.connectionsMax ?? 32,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    attemptsMax: options.attemptsMax ?? 8,
    retryDelayMs: options.retryDelayMs ?? 100,
    signsPayload: options.signsPayload ?? true,
    stagesReplacements: options.stagesReplacements ?? false,
    clock: options.clock ?? systemClock,
    timeMs: options.timeMs ?? Date.now,
  };
}

function requireCredentials(credentials: S3StorageOptions['credentials']): void {
  if (credentials === undefined || credentials === 'anonymous' || typeof credentials === 'function') return;
  const { accessKeyId, secretAccessKey } = (credentials ?? {}) as Partial<Credentials>;
  if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string') return;
  throw argumentTypeError('options.credentials', "keys, a function that gives them, or 'anonymous'", credentials);
}
