import type { OwnCode } from './codes.ts';
import { oneLine } from './conveyor-error.ts';

/** A TypeError that carries a code. */
export type CodedTypeError = TypeError & { readonly code: OwnCode };
/** A RangeError that carries a code. */
export type CodedRangeError = RangeError & { readonly code: OwnCode };

/** How many characters of a refused value are shown. */
const shownLengthMax = 60;

/**
 * The error for an argument of the wrong type.
 *
 * @param name The argument as the caller writes it: `'offset'`, `'options.readDepth'`.
 * @param expected What it must be, after "must be": `'an integer'`.
 */
export function argumentTypeError(name: string, expected: string, value: unknown): CodedTypeError {
  return coded(new TypeError(`${name} must be ${expected}, got ${show(value)}`), 'ERR_CONVEYOR_ARG_TYPE');
}

/**
 * The error for an argument of the right type and a value that is not allowed. Parameters as {@link
 * argumentTypeError}.
 */
export function argumentRangeError(name: string, expected: string, value: unknown): CodedRangeError {
  return coded(new RangeError(`${name} must be ${expected}, got ${show(value)}`), 'ERR_CONVEYOR_ARG_RANGE');
}

/** The error for an option that does not exist. Names it and, where one is near, the option that was perhaps meant. */
export function unknownOptionError(option: string, known: readonly string[]): CodedTypeError {
  const near = known.find((name) => distance(name.toLowerCase(), option.toLowerCase()) <= 2);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean '${near}'?`;
  return coded(new TypeError(oneLine(`There is no option '${option}'; ${hint}`)), 'ERR_CONVEYOR_UNKNOWN_OPTION');
}

/**
 * Requires an integer in [min, max].
 *
 * Errors: TypeError (ERR_CONVEYOR_ARG_TYPE) when it is no number, RangeError (ERR_CONVEYOR_ARG_RANGE) when it is no
 * integer (NaN and infinities included) or outside.
 */
export function requireInteger(
  name: string,
  value: unknown,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw argumentTypeError(name, 'an integer', value);
  if (!Number.isInteger(value)) throw argumentRangeError(name, 'an integer', value);
  if (value < min || value > max) throw argumentRangeError(name, `an integer from ${min} to ${max}`, value);
}

/** Requires a string. Errors: TypeError (ERR_CONVEYOR_ARG_TYPE). */
export function requireString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw argumentTypeError(name, 'a string', value);
}

/** Requires a boolean. Errors: TypeError (ERR_CONVEYOR_ARG_TYPE). */
export function requireBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw argumentTypeError(name, 'a boolean', value);
}

/** Requires a function. Errors: TypeError (ERR_CONVEYOR_ARG_TYPE). */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw argumentTypeError(name, 'a function', value);
}

/** Requires one of the listed values. Errors: RangeError (ERR_CONVEYOR_ARG_RANGE). */
export function requireOneOf<T extends string | number>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): asserts value is T {
  if ((allowed as readonly unknown[]).includes(value)) return;
  throw argumentRangeError(name, `one of ${allowed.map(show).join(', ')}`, value);
}

/**
 * Requires a plain options object without options that do not exist. `undefined` as a whole is allowed.
 *
 * Errors: TypeError, ERR_CONVEYOR_ARG_TYPE or ERR_CONVEYOR_UNKNOWN_OPTION.
 */
export function requireOptions(name: string, value: unknown, known: readonly string[]): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw argumentTypeError(name, 'an object', value);
  }
  for (const option of Object.keys(value)) {
    if (!known.includes(option)) throw unknownOptionError(option, known);
  }
}

function coded<E extends Error>(error: E, code: OwnCode): E & { readonly code: OwnCode } {
  return Object.defineProperty(error, 'code', { value: code, enumerable: true }) as E & { readonly code: OwnCode };
}

function show(value: unknown): string {
  if (typeof value === 'string') return oneLine(`'${clip(value)}'`);
  if (typeof value === 'bigint') return `${clip(String(value))}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object' || value === null) return String(value);
  return `an object (${clip(String(value.constructor?.name ?? 'no prototype'))})`;
}

function clip(text: string): string {
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}...` : text;
}

/** Levenshtein distance; option names are short. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
