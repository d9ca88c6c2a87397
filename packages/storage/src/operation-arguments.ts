import {
  argumentRangeError,
  argumentTypeError,
  requireBoolean,
  requireInteger,
  requireOptions,
  requireString,
} from '@libconveyor/errors';
import type { Capabilities } from './capabilities.ts';
import type { Attributes } from './file-stat.ts';

const attributeNames = ['mode', 'atimeMs', 'mtimeMs'] as const;

/** The largest absolute time that a Date can hold, milliseconds. */
const timeMsMax = 8.64e15;

/** Requires a path: a string that is not empty and has no NUL. Errors: TypeError, RangeError. */
export function requirePath(name: string, value: unknown): asserts value is string {
  requireString(name, value);
  if (value === '') throw argumentRangeError(name, 'a path that is not empty', value);
  if (value.includes('\0')) throw argumentRangeError(name, 'a path without NUL', value);
}

/** Requires bytes: any Uint8Array, a Buffer included. Errors: TypeError; RangeError when larger than one I/O may be. */
export function requireBuffer(value: unknown, capabilities: Capabilities): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw argumentTypeError('buffer', 'a Uint8Array', value);
  const { maxBytes } = capabilities.io;
  if (value.byteLength > maxBytes) throw argumentRangeError('buffer.length', `at most ${maxBytes}`, value.byteLength);
}

/** Requires a position in a file. Errors: TypeError, RangeError. */
export function requireOffset(name: string, value: unknown): asserts value is number {
  requireInteger(name, value, 0);
}

/** Requires permission bits, or undefined. Errors: TypeError, RangeError. */
export function requireMode(name: string, value: unknown): asserts value is number | undefined {
  if (value !== undefined) requireInteger(name, value, 0, 0o7777);
}

/**
 * Requires options: an object, or undefined, with nothing but the named options and `signal`.
 *
 * Errors: TypeError; the message names the option that does not exist.
 */
export function requireOperationOptions(value: unknown, known: readonly string[] = []): void {
  requireOptions('options', value, ['signal', ...known]);
  const options = (value ?? {}) as Record<string, unknown>;
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw argumentTypeError('options.signal', 'an AbortSignal', signal);
  }
  for (const name of known) requireOption(name, options[name]);
}

/** Requires attributes to set, at least one. Errors: TypeError, RangeError. */
export function requireAttributes(value: unknown): asserts value is Attributes {
  if (value === undefined) throw argumentTypeError('attributes', 'an object', value);
  requireOptions('attributes', value, attributeNames);
  const { mode, atimeMs, mtimeMs } = value as Attributes;
  if (mode === undefined && atimeMs === undefined && mtimeMs === undefined) {
    throw argumentRangeError('attributes', `an object with at least one of ${attributeNames.join(', ')}`, value);
  }
  requireMode('attributes.mode', mode);
  requireTime('attributes.atimeMs', atimeMs);
  requireTime('attributes.mtimeMs', mtimeMs);
}

function requireTime(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') throw argumentTypeError(name, 'a number of milliseconds', value);
  if (!(Math.abs(value) <= timeMsMax)) throw argumentRangeError(name, 'a number of milliseconds', value);
}

function requireOption(name: string, value: unknown): void {
  if (value === undefined) return;
  const shown = `options.${name}`;
  if (name === 'mode') requireMode(shown, value);
  else if (name === 'ifVersion') requireString(shown, value);
  else requireBoolean(shown, value);
}
