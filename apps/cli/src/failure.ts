import { describeError, findErrno, isConveyorError, systemError } from '@libconveyor/errors';
import { quoted } from './quoted.ts';
import type { Place } from './storages.ts';

/** One thing that could not be done. The message is one line for a person. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** The errno's name where one exists, else `ERR_CONVEYOR_*`. */
  readonly code: string;
  /** What it is about, as the user wrote it. */
  readonly path: string | undefined;

  constructor(code: string, message: string, path?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.path = path;
  }
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Why a source could not be looked at or read. */
export function readFailure(place: Place, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code } = systemError(thrown, { origin: 'cli', operation: 'read', path: place.shown });
  const name = quoted(place.shown);
  const fail = (message: string): Failure => new Failure(code, message, place.shown, thrown);
  if (code === 'ENOENT') return fail(`${name} does not exist`);
  if (code === 'EISDIR') return fail(`${name} is a directory`);
  if (code === 'ESPIPE' || code === 'ENXIO') return fail(notRegular(place));
  return fail(`cannot read ${name}: ${reasonOf(thrown)}`);
}

/** Why a destination could not be written. */
export function writeFailure(place: Place, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code } = systemError(thrown, { origin: 'cli', operation: 'write', path: place.shown });
  return new Failure(
    code,
    `cannot write ${quoted(place.shown)}: ${writeReason(place, code, thrown)}`,
    place.shown,
    thrown,
  );
}

/** A pipe, a socket or a device where a file is needed. */
export function notRegular(place: Place): string {
  return `${quoted(place.shown)} is a pipe, a socket or a device, not a regular file`;
}

/** What a shell says of it: the text of the errno, what is known beyond it, the code. */
export function reasonOf(failed: unknown): string {
  const thrown = toldByStorage(failed);
  const code = codeOf(thrown);
  // That a write was behind somebody's back is true of all, and nothing to a user.
  const detail = isConveyorError(thrown) && thrown.origin !== 'engine' ? thrown.detail : undefined;
  const errno = code === undefined ? undefined : findErrno(code);
  if (errno === undefined) return describeError(thrown);
  const text = errno.text.charAt(0).toLowerCase() + errno.text.slice(1);
  return `${text}${detail === undefined ? '' : `, ${detail}`} (${errno.name})`;
}

/** The engine knows errnos only: what has none is told by the storage, in the cause. */
function toldByStorage(thrown: unknown): unknown {
  if (!isConveyorError(thrown) || thrown.origin !== 'engine') return thrown;
  const { cause } = thrown;
  return isConveyorError(cause) && findErrno(cause.code) === undefined ? cause : thrown;
}

function writeReason(place: Place, code: string, thrown: unknown): string {
  const folder = quoted((place.endsWithSlash ? place : place.parent).shown);
  if (code === 'ENOENT') return `the directory ${folder} does not exist`;
  if (code === 'ENOTDIR') return `${folder} is no directory`;
  if (code === 'EISDIR') return 'a directory is there';
  if (code === 'ESPIPE') return 'what is there is no regular file';
  return reasonOf(thrown);
}

function codeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
