import { isSplitByServers, pathLengthMax } from '@libconveyor/irods-protocol';
import { Refusal } from './error-map.ts';

/** A logical path, `/zone/home/alice/a`. */
export interface IrodsPath {
  /** Without a slash at the end; `/` for the root. */
  readonly full: string;
  /** The collection that it is in. */
  readonly parent: string;
  /** Empty for the root. */
  readonly name: string;
  /** It was written with a slash at the end. */
  readonly asDirectory: boolean;
}

const nameLengthMax = 255;

/**
 * What a path means: slashes in a row are one.
 *
 * Errors: EINVAL for `.` and `..` and for texts that servers cannot look up; EILSEQ for half a surrogate pair;
 * ENAMETOOLONG.
 */
export function pathOf(path: string): IrodsPath {
  const names = path.split('/').filter((name) => name !== '');
  const full = `/${names.join('/')}`;
  if (names.some((name) => name === '.' || name === '..')) {
    throw new Refusal('EINVAL', "'.' and '..' are no names in iRODS");
  }
  if (/\p{Surrogate}/u.test(full)) throw new Refusal('EILSEQ', 'the path holds half a surrogate pair');
  if (Buffer.byteLength(full) > pathLengthMax) {
    throw new Refusal('ENAMETOOLONG', `a path has at most ${pathLengthMax} bytes`);
  }
  if (names.some((name) => Buffer.byteLength(name) > nameLengthMax)) {
    throw new Refusal('ENAMETOOLONG', `a name has at most ${nameLengthMax} bytes`);
  }
  if (isSplitByServers(full)) {
    throw new Refusal('EINVAL', "servers cannot look up a quote, '||' or '&&', and a quote in a path");
  }
  return { full, parent: parentOf(full), name: names.at(-1) ?? '', asDirectory: path.endsWith('/') };
}

/** The collection that a path is in; the root's is the root. */
export function parentOf(full: string): string {
  const slash = full.lastIndexOf('/');
  return slash <= 0 ? '/' : full.slice(0, slash);
}

/** The path of a name in a collection. */
export function childOf(parent: string, name: string): IrodsPath {
  const full = parent === '/' ? `/${name}` : `${parent}/${name}`;
  return { full, parent, name, asDirectory: false };
}
