import { constants } from 'node:fs';
import { ConveyorError, type ErrnoName } from '@libconveyor/errors';
import type { Capabilities } from './capabilities.ts';
import { missingAttributeSupport } from './file-admission.ts';
import { commonFlags, flagNames, isWritable, type OpenFlags, parseFlags } from './flags.ts';
import { requireAttributes, requireOperationOptions, requirePath } from './operation-arguments.ts';
import type { CopyOptions, MkdirOptions, OpenOptions, ReplacementOptions } from './operation-options.ts';

/*
 * What can be refused about a call on a storage from its arguments and the capabilities alone; see file-admission.ts.
 */

/** The storage that a call is made on. */
export interface StorageContext {
  readonly origin: string;
  readonly capabilities: Capabilities;
  /** Flags beside the common ones that the storage takes; undefined where somebody else decides. */
  readonly extraFlags?: number | undefined;
}

const { O_APPEND, O_CREAT, O_EXCL, O_TRUNC } = constants;

/** Gives the flags as a number. Errors: TypeError, RangeError, EINVAL, ENOTSUP. */
export function admitOpen(context: StorageContext, path: unknown, flags: unknown, options: unknown): number {
  requirePath('path', path);
  const number = parseFlags(flags as OpenFlags);
  requireOperationOptions(options, ['mode', 'ifVersion']);
  const { mode, ifVersion } = (options ?? {}) as OpenOptions;
  const missing = missingForOpen(context, number) ?? missingForMode(context, mode);
  if (missing !== undefined) throw refused(context, 'ENOTSUP', 'open', path, missing);
  if (ifVersion === undefined) return number;
  if (context.capabilities.changeDetection === 'none') {
    throw refused(context, 'ENOTSUP', 'open', path, 'the storage has no versions');
  }
  if ((number & (O_CREAT | O_TRUNC)) !== 0) {
    throw refused(context, 'EINVAL', 'open', path, 'ifVersion excludes O_CREAT and O_TRUNC');
  }
  return number;
}

/** Errors: TypeError, RangeError, EINVAL, ENOTSUP. */
export function admitReplacement(context: StorageContext, path: unknown, options: unknown): void {
  requirePath('path', path);
  requireOperationOptions(options, ['mode', 'exclusive', 'ifVersion']);
  const { mode, exclusive, ifVersion } = (options ?? {}) as ReplacementOptions;
  const { atomicReplace, conditional, changeDetection } = context.capabilities;
  const missing = atomicReplace ? missingForMode(context, mode) : 'the storage cannot replace a file in one step';
  if (missing !== undefined) throw refused(context, 'ENOTSUP', 'openReplacement', path, missing);
  if (exclusive && ifVersion !== undefined) {
    throw refused(context, 'EINVAL', 'openReplacement', path, 'exclusive and ifVersion exclude each other');
  }
  const comparesVersions = conditional === 'replace' && changeDetection !== 'none';
  if ((exclusive && conditional === 'none') || (ifVersion !== undefined && !comparesVersions)) {
    throw refused(context, 'ENOTSUP', 'openReplacement', path, 'the storage cannot make a replacement conditional');
  }
}

/** Errors: TypeError. */
export function admitStat(path: unknown, options: unknown): void {
  requirePath('path', path);
  requireOperationOptions(options, ['followLinks']);
}

/** For `list` and `remove`. Errors: TypeError. */
export function admitPath(path: unknown, options: unknown): void {
  requirePath('path', path);
  requireOperationOptions(options);
}

/** Errors: TypeError, RangeError, ENOTSUP. */
export function admitMkdir(context: StorageContext, path: unknown, options: unknown): void {
  requirePath('path', path);
  requireOperationOptions(options, ['mode', 'recursive']);
  const { mode } = (options ?? {}) as MkdirOptions;
  const missing = context.capabilities.directories ? missingForMode(context, mode) : 'the storage has no directories';
  if (missing !== undefined) throw refused(context, 'ENOTSUP', 'mkdir', path, missing);
}

/** Errors: TypeError, ENOTSUP. */
export function admitRename(context: StorageContext, source: unknown, target: unknown, options: unknown): void {
  requirePath('source', source);
  requirePath('target', target);
  requireOperationOptions(options);
  if (context.capabilities.rename === 'none') {
    throw refused(context, 'ENOTSUP', 'rename', source, 'the storage cannot rename');
  }
}

/** Errors: TypeError, ENOTSUP. */
export function admitCopy(context: StorageContext, source: unknown, target: unknown, options: unknown): void {
  requirePath('source', source);
  requirePath('target', target);
  requireOperationOptions(options, ['exclusive']);
  const { exclusive } = (options ?? {}) as CopyOptions;
  const { serverCopy, conditional } = context.capabilities;
  if (!serverCopy) throw refused(context, 'ENOTSUP', 'copy', source, 'the storage cannot copy on its side');
  if (exclusive && conditional === 'none') {
    throw refused(context, 'ENOTSUP', 'copy', source, 'the storage cannot make a copy conditional');
  }
}

/** Errors: TypeError, RangeError, ENOTSUP. */
export function admitAttributes(context: StorageContext, path: unknown, attributes: unknown, options: unknown): void {
  requirePath('path', path);
  requireAttributes(attributes);
  requireOperationOptions(options);
  const missing = missingAttributeSupport(context.capabilities, attributes);
  if (missing !== undefined) throw refused(context, 'ENOTSUP', 'setAttributes', path, missing);
}

/** Errors: TypeError, ENOTSUP. */
export function admitReadLink(context: StorageContext, path: unknown, options: unknown): void {
  admitPath(path, options);
  requireLinks(context, 'readLink', path as string);
}

/** Errors: TypeError, ENOTSUP. */
export function admitMakeLink(context: StorageContext, content: unknown, path: unknown, options: unknown): void {
  requirePath('content', content);
  admitPath(path, options);
  requireLinks(context, 'makeLink', path as string);
}

function missingForOpen({ capabilities, extraFlags }: StorageContext, flags: number): string | undefined {
  const foreign = extraFlags === undefined ? 0 : flags & ~(commonFlags | extraFlags);
  if (foreign !== 0) return `the storage does not know ${flagNames(foreign).join(', ')}`;
  if ((flags & O_APPEND) !== 0 && capabilities.append === 'none') return 'the storage cannot append';
  if ((flags & O_EXCL) !== 0 && capabilities.conditional === 'none') return 'the storage cannot create exclusively';
  const startsEmpty = (flags & (O_TRUNC | O_EXCL | O_APPEND)) !== 0;
  if (isWritable(flags) && !startsEmpty && !capabilities.randomWrite) {
    return 'the storage writes whole files only: O_TRUNC, O_EXCL or O_APPEND is needed';
  }
  return undefined;
}

function missingForMode({ capabilities }: StorageContext, mode: number | undefined): string | undefined {
  return mode === undefined || capabilities.posix === 'full' ? undefined : 'the storage keeps no permission bits';
}

function requireLinks(context: StorageContext, operation: string, path: string): void {
  if (context.capabilities.posix !== 'full') {
    throw refused(context, 'ENOTSUP', operation, path, 'the storage has no symbolic links');
  }
}

function refused({ origin }: StorageContext, code: ErrnoName, operation: string, path: string, detail: string) {
  return new ConveyorError(code, { origin, operation, path, detail });
}
