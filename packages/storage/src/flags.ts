import { constants } from 'node:fs';
import { argumentRangeError, argumentTypeError, ConveyorError } from '@libconveyor/errors';

/** Strings for flags, as node:fs has them. */
export type FlagString =
  | 'r'
  | 'rs'
  | 'r+'
  | 'rs+'
  | 'w'
  | 'wx'
  | 'w+'
  | 'wx+'
  | 'a'
  | 'ax'
  | 'as'
  | 'a+'
  | 'ax+'
  | 'as+';

/** How to open a file: O_* numbers of `node:fs` constants or'ed together, or a string of node:fs. */
export type OpenFlags = number | FlagString;

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC } = constants;

/** The two lowest bits decide reading and writing; O_RDONLY is 0 and no bit (clause P1). */
const accessMode = O_RDONLY | O_WRONLY | O_RDWR;

const byString: Readonly<Record<FlagString, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  as: O_WRONLY | O_CREAT | O_APPEND | O_SYNC,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'ax+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
  'as+': O_RDWR | O_CREAT | O_APPEND | O_SYNC,
};

/** The flags that every storage understands; further ones are an adapter's own choice. */
export const commonFlags: number = accessMode | O_CREAT | O_EXCL | O_TRUNC | O_APPEND;

/** The names of flag bits, for messages; those this platform lacks are left out. */
const bitNames: readonly (readonly [string, number])[] = Object.entries(constants).filter(
  ([name, bit]) => name.startsWith('O_') && bit !== 0 && (bit & accessMode) === 0,
);

/** Whether a file opened with these flags can be read. */
export function isReadable(flags: number): boolean {
  return (flags & accessMode) !== O_WRONLY;
}

/** Whether a file opened with these flags can be written. */
export function isWritable(flags: number): boolean {
  return (flags & accessMode) !== O_RDONLY;
}

/**
 * Turns flags into their number and refuses nonsense; the only place that does.
 *
 * Errors: TypeError or RangeError for what is no flag at all; ConveyorError EINVAL for flags that contradict each
 * other: both access modes, O_EXCL without O_CREAT, O_TRUNC or O_APPEND without writing.
 */
export function parseFlags(flags: OpenFlags): number {
  const number = flagNumber(flags);
  const wrong = contradiction(number);
  if (wrong !== undefined) {
    throw new ConveyorError('EINVAL', { origin: 'storage', operation: 'open', detail: wrong });
  }
  return number;
}

/**
 * The names of the bits beside the access mode: `['O_CREAT', 'O_EXCL']`. Bits without a name come as one octal number.
 */
export function flagNames(flags: number): string[] {
  let rest = flags & ~accessMode;
  const names: string[] = [];
  // O_SYNC contains O_DSYNC: the larger one is taken first.
  for (const [name, bit] of [...bitNames].sort((a, b) => b[1] - a[1])) {
    if ((rest & bit) !== bit) continue;
    names.push(name);
    rest &= ~bit;
  }
  return rest === 0 ? names : [...names, `0o${rest.toString(8)}`];
}

function flagNumber(flags: OpenFlags): number {
  if (typeof flags === 'string') {
    if (Object.hasOwn(byString, flags)) return byString[flags];
    throw argumentRangeError('flags', `one of ${Object.keys(byString).join(', ')}`, flags);
  }
  if (typeof flags !== 'number') throw argumentTypeError('flags', 'a number of O_* bits or a string', flags);
  if (!Number.isInteger(flags) || flags < 0 || flags > 0x7fffffff) {
    throw argumentRangeError('flags', 'a number of O_* bits', flags);
  }
  return flags;
}

function contradiction(flags: number): string | undefined {
  if ((flags & accessMode) === accessMode) return 'O_WRONLY and O_RDWR exclude each other';
  if ((flags & O_EXCL) !== 0 && (flags & O_CREAT) === 0) return 'O_EXCL means nothing without O_CREAT';
  if (isWritable(flags)) return undefined;
  if ((flags & O_TRUNC) !== 0) return 'O_TRUNC needs O_WRONLY or O_RDWR';
  if ((flags & O_APPEND) !== 0) return 'O_APPEND needs O_WRONLY or O_RDWR';
  return undefined;
}
