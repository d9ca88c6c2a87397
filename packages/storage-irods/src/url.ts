import { isUtf8 } from 'node:buffer';
import { argumentTypeError, ConveyorError } from '@libconveyor/errors';
import type { StorageProvider } from '@libconveyor/storage';
import { type IrodsEnvironment, readEnvironment, readPassword } from './environment.ts';
import { mapError, origin, Refusal } from './error-map.ts';
import type { IrodsStorageOptions } from './options.ts';
import { IrodsStorage } from './storage.ts';

/** What an `irods:` URL names; what it leaves open is undefined. */
export interface IrodsPlace {
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly zone: string;
  /** The logical path, zone included. */
  readonly path: string;
}

const shape =
  /^irods:\/\/(?:(?<user>[^@/?#]*)@)?(?<host>\[[^\]]*\]|[^:/?#]*)(?::(?<port>\d*))?(?<path>[^?#]*)(?<rest>.*)$/is;

/**
 * What `irods://user@host:port/zone/path` means: percent-encoding is decoded. Each of user, host and port may be left
 * out.
 *
 * Errors: EINVAL for another scheme, a password, no zone, a port that is none, a query or a fragment (a `?` or `#` in a
 * name is written %3F, %23), wrong percent-encoding; EILSEQ for what is not UTF-8.
 */
export function placeOfIrodsUrl(url: string | URL): IrodsPlace {
  if (typeof url !== 'string' && !(url instanceof URL)) throw argumentTypeError('url', 'a string or a URL', url);
  const text = String(url);
  const parts = shape.exec(text)?.groups;
  if (parts === undefined) throw refused(text, 'it is no irods: URL; one looks like irods://user@host/zone/path');
  const { user = '', host = '', port = '', path = '', rest = '' } = parts;
  if (user.includes(':')) throw refused(text.replace(/:[^@:/]*@/, ':***@'), 'a password does not belong into a URL');
  if (rest !== '') throw refused(text, 'an irods: URL has no query and no fragment; write ? and # as %3F and %23');
  const portNumber = port === '' ? undefined : Number(port);
  if (portNumber !== undefined && (portNumber < 1 || portNumber > 65_535)) throw refused(text, `${port} is no port`);
  const decodedPath = decoded(text, path);
  const zone = decodedPath.split('/').find((name) => name !== '');
  if (zone === undefined) throw refused(text, 'it names no zone');
  return {
    user: user === '' ? undefined : decoded(text, user),
    host: host === '' ? undefined : host.replace(/^\[(.*)\]$/, '$1'),
    port: portNumber,
    zone,
    path: decodedPath,
  };
}

/**
 * The options for a place: the URL first, then `own`, then the environment. Passwords come from `.irodsA`.
 *
 * Errors: EINVAL where nothing says which host or user; ENOKEY where nobody is logged in.
 */
export async function optionsFor(
  { user, host, port, zone }: Pick<IrodsPlace, 'user' | 'host' | 'port' | 'zone'>,
  own: Partial<IrodsStorageOptions>,
  environment: IrodsEnvironment,
): Promise<IrodsStorageOptions> {
  const given = Object.fromEntries(Object.entries({ user, host, port }).filter(([, value]) => value !== undefined));
  const merged = { ...environment.options, ...own, ...given };
  const login = { ...merged, zone: homeZone(zone, given, environment) };
  if (login.host === undefined) {
    throw new Refusal('EINVAL', `neither the URL nor '${environment.settingsPath}' names a host`);
  }
  if (login.user === undefined) {
    throw new Refusal('EINVAL', `neither the URL nor '${environment.settingsPath}' names a user`);
  }
  const options: IrodsStorageOptions = { ...login, host: login.host };
  if (options.password !== undefined || options.user === 'anonymous') return options;
  const password = await readPassword(environment.passwordPath);
  if (password !== undefined) return { ...options, password };
  const detail = `there is no password for '${options.user}' in '${environment.passwordPath}'; log in first`;
  throw new Refusal('ENOKEY', detail);
}

/** Finds storages for `irods:` URLs, all with these options. */
export function irodsProviderWith(own: Partial<IrodsStorageOptions>): StorageProvider {
  return {
    schemes: ['irods'],
    locate: async (url) => {
      const place = placeOfIrodsUrl(url);
      let options: IrodsStorageOptions;
      try {
        options = await optionsFor(place, own, await readEnvironment());
      } catch (thrown) {
        throw mapError(thrown, { origin, operation: 'locate', path: String(url) });
      }
      return { path: place.path, storage: await IrodsStorage.connect(options) };
    },
  };
}

/** Finds storages for `irods:` URLs as the icommands would: by environment and password file. */
export const irodsProvider: StorageProvider = irodsProviderWith({});

/** Who logs in at home reaches other zones through it; a URL with another host means the zone that it names. */
function homeZone(zone: string, given: { readonly host?: string }, { options }: IrodsEnvironment): string {
  const isAtHome = given.host === undefined || given.host === options.host;
  return isAtHome ? (options.zone ?? zone) : zone;
}

function decoded(url: string, path: string): string {
  if (/%(?![0-9a-f]{2})/i.test(path)) throw refused(url, 'a % is not followed by two hexadecimal digits');
  if (/%00/.test(path)) throw refused(url, 'a path cannot hold a NUL');
  const bytes = Buffer.from(
    path.replace(/%([0-9a-f]{2})|[^%]+/gi, (part, digits?: string) =>
      digits === undefined ? Buffer.from(part).toString('latin1') : String.fromCharCode(Number.parseInt(digits, 16)),
    ),
    'latin1',
  );
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new ConveyorError('EILSEQ', { origin, operation: 'locate', path: url, detail: 'the path is not UTF-8' });
}

function refused(url: string, detail: string): ConveyorError {
  return new ConveyorError('EINVAL', { origin, operation: 'locate', path: url, detail });
}
