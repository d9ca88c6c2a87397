import { storedPasswordLengthMax } from '@libconveyor/irods-protocol';
import { pamPassword } from './connect.ts';
import { readEnvironment, writePassword, writeSettings } from './environment.ts';
import { mapError, origin, Refusal } from './error-map.ts';
import { checkOptions, defaultPort, type IrodsStorageOptions } from './options.ts';
import { IrodsStorage } from './storage.ts';
import { placeOfIrodsUrl } from './url.ts';

/** A login that lasts. */
export interface LoginRequest {
  /** `irods://user@host:port/zone`; undefined: as the environment says. */
  readonly url?: string | undefined;
  readonly password: string;
  /** The password is PAM's. Default: as the environment says. */
  readonly usesPam?: boolean | undefined;
  /** How long it lasts, hours; with PAM only. Default as the server likes. */
  readonly ttlHours?: number | undefined;
  readonly variables?: NodeJS.ProcessEnv | undefined;
}

/**
 * Tries a password, and keeps it as `iinit` does: what the URL says goes to `irods_environment.json`, the password, or
 * what PAM made of it, to `.irodsA`. Nothing is written when the server refuses.
 *
 * @returns Who is logged in where: `alice#zone at host:port`.
 * Errors: those of `IrodsStorage.connect`; EINVAL where nobody says which host, zone or user, or the password is too
 * long to be kept.
 */
export async function logIn(request: LoginRequest): Promise<string> {
  const details = { origin, operation: 'login', path: request.url };
  try {
    return await tryAndKeep(request);
  } catch (thrown) {
    throw mapError(thrown, details);
  }
}

async function tryAndKeep({ url, password, usesPam, ttlHours, variables }: LoginRequest): Promise<string> {
  const environment = await readEnvironment(variables);
  const place = url === undefined ? undefined : placeOfIrodsUrl(url);
  const { host, zone, user } = { ...environment.options, ...definedOf(place) };
  for (const [name, value] of Object.entries({ host, zone, user })) {
    if (value === undefined)
      throw new Refusal('EINVAL', `neither the URL nor '${environment.settingsPath}' names a ${name}`);
  }
  const port = place?.port ?? environment.options.port ?? defaultPort;
  const isPam = usesPam ?? environment.scheme.startsWith('pam');
  const who = { host: host as string, port, zone: zone as string, user: user as string };
  const options: IrodsStorageOptions = {
    ...environment.options,
    ...who,
    password,
    authentication: isPam ? 'pam_password' : 'native',
    pamTtlHours: ttlHours,
  };
  const native = isPam ? await pamPassword(checkOptions(options)) : password;
  if (Buffer.byteLength(native) > storedPasswordLengthMax) {
    throw new Refusal('EINVAL', `'.irodsA' holds passwords of at most ${storedPasswordLengthMax} bytes`);
  }
  const storage = await IrodsStorage.connect({ ...options, password: native, authentication: 'native' });
  await storage.close();
  await writePassword(environment.passwordPath, native);
  if (place !== undefined) {
    await writeSettings(environment.settingsPath, {
      irods_host: who.host,
      irods_port: port,
      irods_zone_name: who.zone,
      irods_user_name: who.user,
      ...(usesPam === undefined ? {} : { irods_authentication_scheme: isPam ? 'pam_password' : 'native' }),
    });
  }
  return `${who.user}#${who.zone} at ${who.host}:${port}`;
}

function definedOf(place: { host: string | undefined; zone: string; user: string | undefined } | undefined) {
  if (place === undefined) return {};
  const { host, zone, user } = place;
  return Object.fromEntries(Object.entries({ host, zone, user }).filter(([, value]) => value !== undefined));
}
