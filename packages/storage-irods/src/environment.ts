import { chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  defaultEncryption,
  type EncryptionSettings,
  hidePassword,
  negotiationPolicies,
  revealPassword,
} from '@libconveyor/irods-protocol';
import { Refusal } from './error-map.ts';
import type { IrodsStorageOptions } from './options.ts';

/** What the files and variables of iRODS clients say. */
export interface IrodsEnvironment {
  readonly options: Partial<IrodsStorageOptions>;
  /** Where the settings are, or would be. */
  readonly settingsPath: string;
  /** Where the password is, or would be. */
  readonly passwordPath: string;
  /** `irods_authentication_scheme`, in lower case. */
  readonly scheme: string;
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * Reads `~/.irods/irods_environment.json`, or what IRODS_ENVIRONMENT_FILE names, and variables of the same names in
 * capitals, which win.
 *
 * Errors: Refusal (EINVAL) for a file that is no JSON, or values that make no sense; what reading says. A missing file
 * is an empty one.
 */
export async function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Promise<IrodsEnvironment> {
  const folder = join(variables.HOME ?? homedir(), '.irods');
  const settingsPath = variables.IRODS_ENVIRONMENT_FILE ?? join(folder, 'irods_environment.json');
  const settings = await readSettings(settingsPath);
  const text = (name: string): string | undefined => {
    const value = variables[name.toUpperCase()] ?? settings[name];
    return value === undefined || value === '' ? undefined : String(value);
  };
  const number = (name: string): number | undefined => numberOf(name, text(name));
  const authority = text('irods_ssl_ca_certificate_file');
  const options: Partial<IrodsStorageOptions> = {
    host: text('irods_host'),
    port: number('irods_port'),
    zone: text('irods_zone_name'),
    user: text('irods_user_name'),
    resource: text('irods_default_resource'),
    policy: oneOf('irods_client_server_policy', text('irods_client_server_policy'), negotiationPolicies),
    verify: oneOf('irods_ssl_verify_server', text('irods_ssl_verify_server'), ['hostname', 'cert', 'none'] as const),
    ca: authority === undefined ? undefined : await readFile(authority, 'utf8'),
    encryption: encryptionOf(text, number),
  };
  return {
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    settingsPath,
    passwordPath: text('irods_authentication_file') ?? join(folder, '.irodsA'),
    scheme: (text('irods_authentication_scheme') ?? 'native').toLowerCase(),
  };
}

/** The password in a file that `iinit` or {@link writePassword} wrote; undefined when there is none. */
export async function readPassword(path: string): Promise<string | undefined> {
  try {
    const [content, { mtimeMs }] = [await readFile(path), await stat(path)];
    return revealPassword(content, { uid: processUid(), mtimeSeconds: Math.floor(mtimeMs / 1000) });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Writes a password as `iinit` does, for nobody else to read. Errors: RangeError beyond 42 bytes. */
export async function writePassword(path: string, password: string, nowMs: number = Date.now()): Promise<void> {
  const mtimeSeconds = Math.floor(nowMs / 1000);
  const content = hidePassword(password, { uid: processUid(), mtimeSeconds });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
  // A file that was there before keeps its mode otherwise.
  await chmod(path, 0o600);
  await utimes(path, mtimeSeconds, mtimeSeconds);
}

/** Writes settings as `iinit` does; those that are not given stay as they are. */
export async function writeSettings(path: string, settings: Settings): Promise<void> {
  const kept = await readSettings(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, `${JSON.stringify({ ...kept, ...settings }, undefined, 4)}\n`, { mode: 0o600 });
}

async function readSettings(path: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw thrown;
  }
  try {
    const settings: unknown = JSON.parse(text);
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return settings as Settings;
  } catch (thrown) {
    throw new Refusal('EINVAL', `'${path}' is no JSON: ${(thrown as Error).message}`, thrown);
  }
  throw new Refusal('EINVAL', `'${path}' holds no JSON object`);
}

function encryptionOf(
  text: (name: string) => string | undefined,
  number: (name: string) => number | undefined,
): EncryptionSettings {
  return {
    algorithm: text('irods_encryption_algorithm') ?? defaultEncryption.algorithm,
    keySize: number('irods_encryption_key_size') ?? defaultEncryption.keySize,
    saltSize: number('irods_encryption_salt_size') ?? defaultEncryption.saltSize,
    hashRounds: number('irods_encryption_num_hash_rounds') ?? defaultEncryption.hashRounds,
  };
}

function numberOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new Refusal('EINVAL', `${name} is no number: '${value}'`);
  return Number(value);
}

function oneOf<Value extends string>(
  name: string,
  value: string | undefined,
  values: readonly Value[],
): Value | undefined {
  if (value === undefined) return undefined;
  const found = values.find((one) => one === value);
  if (found === undefined) throw new Refusal('EINVAL', `${name} is '${value}', not one of ${values.join(', ')}`);
  return found;
}

function processUid(): number {
  return process.getuid?.() ?? 0;
}
