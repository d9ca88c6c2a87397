import { isSplitByServers, pathLengthMax } from '@libconveyor/irods-protocol';
import { IrodsFailure } from '../irods-failure.ts';

const componentLengthMax = 255;

/** A path as a parent and a name. */
export interface SplitPath {
  readonly parent: string;
  readonly name: string;
}

/** Parent and name of an absolute path. */
export function splitPath(path: string): SplitPath {
  const slash = path.lastIndexOf('/');
  return { parent: slash <= 0 ? '/' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** A path without slashes at its end. */
export function trimSlashes(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

/** The zone that a path is in. */
export function zoneOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Requires a path that a data object may be made at, with the codes that servers have for each fault of it. */
export function requireCreatable(path: string): void {
  if (isSplitByServers(path)) throw new IrodsFailure('CAT_SQL_ERR');
  if (Buffer.byteLength(path) >= pathLengthMax) throw new IrodsFailure('USER_STRLEN_TOOLONG');
  for (const component of path.split('/').slice(1)) {
    if (component === '.' || component === '..') throw new IrodsFailure(-511_017);
    if (component === '') throw new IrodsFailure('CAT_UNKNOWN_COLLECTION');
    if (Buffer.byteLength(component) > componentLengthMax) throw new IrodsFailure(-511_036);
  }
}

/** Requires that a path does not end in a slash. */
export function requireObjectPath(path: string): void {
  if (path.endsWith('/')) throw new IrodsFailure('USER_INPUT_PATH_ERR');
}
