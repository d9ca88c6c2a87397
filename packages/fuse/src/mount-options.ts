import { argumentRangeError, requireBoolean, requireInteger, requireOptions, requireString } from '@libconveyor/errors';
import type { NativeSettings } from './native-binding.ts';

/** How a file system is mounted. What is left out is as said. */
export interface MountOptions {
  /** Nothing can be changed through the mount. Default: false. */
  readonly readOnly?: boolean | undefined;
  /**
   * Whether other users may enter. Default: true for a local directory that root mounts, where permission bits decide
   * as on any file system; else false.
   */
  readonly allowOther?: boolean | undefined;
  /** Everything is shown as this user's; what is made belongs to whoever runs the mount. Default: as it is. */
  readonly uid?: number | undefined;
  /** The same for the group. */
  readonly gid?: number | undefined;
  /** Permission bits that are shown nowhere. Default: none. */
  readonly umask?: number | undefined;
  /**
   * For how long the kernel believes where a name leads, and what a file looks like, seconds. What is changed through
   * the mount shows at once; what is changed beside it, after this time or when the file is opened. Default: 1.
   */
  readonly entryTimeoutS?: number | undefined;
  readonly attributeTimeoutS?: number | undefined;
  /** Threads that answer requests at once, at most. Default: 16. */
  readonly threads?: number | undefined;
  /** POSIX access lists count, at the price of one request more per file. Local directories only. Default: false. */
  readonly accessLists?: boolean | undefined;
  /** Flags for the kernel: `dev`, `suid`, `noexec`, `noatime`, `sync` ... Default: `nodev`, `nosuid`. */
  readonly kernelFlags?: readonly string[] | undefined;
  /**
   * For how long a storage that does not answer is asked again before a program gets an error, milliseconds. Storages
   * only. Default: 60,000.
   */
  readonly retryDeadlineMs?: number | undefined;
  /** What stands in the first column of /proc/mounts. Default: the name of the storage. */
  readonly source?: string | undefined;
}

/** Names of {@link MountOptions}. */
export const mountOptionNames = [
  'readOnly',
  'allowOther',
  'uid',
  'gid',
  'umask',
  'entryTimeoutS',
  'attributeTimeoutS',
  'threads',
  'accessLists',
  'kernelFlags',
  'retryDeadlineMs',
  'source',
] as const;

/** Flags of mount(8) that go to the kernel as they are. */
const kernelFlagNames: ReadonlySet<string> = new Set([
  ...['dev', 'nodev', 'suid', 'nosuid', 'exec', 'noexec', 'atime', 'noatime', 'diratime', 'nodiratime'],
  ...['sync', 'async', 'dirsync'],
]);

const idMax = 0xffff_fffe;
const secondsMax = 86_400 * 365;
const threadsMax = 256;

/** Errors: TypeError or RangeError that names the option. */
export function checkMountOptions(options: MountOptions): void {
  requireOptions('options', options, mountOptionNames);
  const { uid, gid, umask, entryTimeoutS, attributeTimeoutS, threads, source, kernelFlags } = options;
  for (const name of ['readOnly', 'allowOther', 'accessLists'] as const) {
    if (options[name] !== undefined) requireBoolean(`options.${name}`, options[name]);
  }
  if (uid !== undefined) requireInteger('options.uid', uid, 0, idMax);
  if (gid !== undefined) requireInteger('options.gid', gid, 0, idMax);
  if (umask !== undefined) requireInteger('options.umask', umask, 0, 0o777);
  if (threads !== undefined) requireInteger('options.threads', threads, 1, threadsMax);
  if (options.retryDeadlineMs !== undefined) {
    requireInteger('options.retryDeadlineMs', options.retryDeadlineMs, 1, 0x7fff_ffff);
  }
  if (source !== undefined) requireString('options.source', source);
  requireSeconds('options.entryTimeoutS', entryTimeoutS);
  requireSeconds('options.attributeTimeoutS', attributeTimeoutS);
  for (const flag of kernelFlags ?? []) {
    if (!kernelFlagNames.has(flag)) throw argumentRangeError('options.kernelFlags', 'flags of the kernel', flag);
  }
}

function requireSeconds(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === 'number' && value >= 0 && value <= secondsMax) return;
  throw argumentRangeError(name, `a number of seconds from 0 to ${secondsMax}`, value);
}

/** What the kernel's own part of the mount is told, with what the native part is told. */
export function nativeSettings(
  mountPoint: string,
  source: string,
  options: MountOptions,
  checksPermissions: boolean,
  isOpenToOthers: boolean,
): NativeSettings {
  const isRoot = process.geteuid?.() === 0;
  const { readOnly = false, allowOther = isOpenToOthers && isRoot, kernelFlags = [] } = options;
  const settings = [`fsname=${escaped(options.source ?? source)}`, 'subtype=conveyor', ...kernelFlags];
  if (readOnly) settings.push('ro');
  if (allowOther) settings.push('allow_other');
  if (checksPermissions || options.uid !== undefined) settings.push('default_permissions');
  return {
    mountPoint,
    options: settings,
    threads: options.threads ?? 16,
    uid: options.uid,
    gid: options.gid,
    umask: options.umask,
    entryTimeoutS: options.entryTimeoutS ?? 1,
    attributeTimeoutS: options.attributeTimeoutS ?? 1,
  };
}

const escaped = (text: string): string => text.replace(/[\\,]/g, '\\$&');

/** Names that {@link parseMountWords} knows beside the kernel's flags, for messages. */
const words = [
  ...['ro', 'rw', 'allow_other', 'private', 'uid=N', 'gid=N', 'umask=OCTAL'],
  ...['entry_timeout=S', 'attr_timeout=S', 'acl', 'max_threads=N', 'retry=S', 'fsname=NAME'],
];

/**
 * Options as they stand behind mount's `-o`: `ro,allow_other,uid=1000,umask=022`. Later ones win.
 *
 * Errors: RangeError for a word that is not known, or whose value makes no sense.
 */
export function parseMountWords(list: readonly string[]): MountOptions {
  const parsed: { -readonly [Name in keyof MountOptions]: MountOptions[Name] } & { kernelFlags: string[] } = {
    kernelFlags: [],
  };
  for (const word of list.flatMap((text) => text.split(',')).filter((text) => text !== '')) {
    const [name = '', value] = splitWord(word);
    if (value === undefined && kernelFlagNames.has(name)) parsed.kernelFlags.push(name);
    else if (!takesWord(parsed, name, value)) {
      throw argumentRangeError(`the mount option '${word}'`, `one of ${words.join(', ')}`, word);
    }
  }
  checkMountOptions(parsed);
  return parsed;
}

function splitWord(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

type Parsed = { -readonly [Name in keyof MountOptions]: MountOptions[Name] };

/** Whether the word is known, and then taken. */
function takesWord(parsed: Parsed, name: string, value: string | undefined): boolean {
  if (value === undefined) {
    if (name === 'ro' || name === 'rw') parsed.readOnly = name === 'ro';
    else if (name === 'allow_other' || name === 'private') parsed.allowOther = name === 'allow_other';
    else if (name === 'acl') parsed.accessLists = true;
    // What is always so, and what only mount(8) itself minds.
    else return ['default_permissions', 'auto_unmount', 'nofail', '_netdev', 'defaults'].includes(name);
    return true;
  }
  if (name === 'uid' || name === 'gid') parsed[name] = numberOf(value, 10);
  else if (name === 'umask') parsed.umask = numberOf(value, 8);
  else if (name === 'entry_timeout') parsed.entryTimeoutS = Number(value || Number.NaN);
  else if (name === 'attr_timeout') parsed.attributeTimeoutS = Number(value || Number.NaN);
  else if (name === 'max_threads') parsed.threads = numberOf(value, 10);
  else if (name === 'retry') parsed.retryDeadlineMs = numberOf(value, 10) * 1000;
  else if (name === 'fsname') parsed.source = value;
  else return false;
  return true;
}

function numberOf(text: string, base: 8 | 10): number {
  return (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text) ? Number.parseInt(text, base) : Number.NaN;
}
