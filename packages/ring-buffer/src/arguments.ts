/** Refusals of bad arguments; nothing below this package offers them. Codes as in all packages of this project. */

/** The error for an argument of the wrong type. `expected` stands after "must be". */
export function typeError(name: string, expected: string, value: unknown): TypeError {
  const error = new TypeError(`${name} must be ${expected}, got ${show(value)}`);
  return Object.assign(error, { code: 'ERR_CONVEYOR_ARG_TYPE' });
}

/** The error for an argument of the right type and a value that is not allowed. Parameters as {@link typeError}. */
export function rangeError(name: string, expected: string, value: unknown): RangeError {
  const error = new RangeError(`${name} must be ${expected}, got ${show(value)}`);
  return Object.assign(error, { code: 'ERR_CONVEYOR_ARG_RANGE' });
}

/** Requires an integer in [min, max]. Errors: TypeError, RangeError. */
export function requireInteger(
  name: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw typeError(name, 'an integer', value);
  if (!Number.isInteger(value)) throw rangeError(name, 'an integer', value);
  if (value < min || value > max) throw rangeError(name, `an integer from ${min} to ${max}`, value);
}

/** Requires bytes. Errors: TypeError. */
export function requireBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw typeError(name, 'a Uint8Array', value);
}

/** Requires a time to wait: milliseconds from 0 to Infinity. Errors: TypeError, RangeError. */
export function requireTimeout(timeoutMs: unknown): asserts timeoutMs is number {
  if (typeof timeoutMs !== 'number') throw typeError('timeoutMs', 'a number', timeoutMs);
  if (!(timeoutMs >= 0)) throw rangeError('timeoutMs', 'a number from 0', timeoutMs);
}

/** Requires an object that has no options but the known ones. Errors: TypeError, naming the unknown one. */
export function requireOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw typeError('options', 'an object', options);
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    const error = new TypeError(`There is no option '${option}'; known are ${known.join(', ')}`);
    throw Object.assign(error, { code: 'ERR_CONVEYOR_UNKNOWN_OPTION' });
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
