import { expect, test } from 'vitest';
import {
  argumentRangeError,
  argumentTypeError,
  describeError,
  errnoError,
  requireBoolean,
  requireFunction,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
  unknownOptionError,
} from '../src/index.ts';

function refusal(action: () => void): string {
  try {
    action();
  } catch (error) {
    const { name, code, message } = error as Error & { code: string };
    return `${name} ${code}: ${message}`;
  }
  return 'accepted';
}

test('integers', () => {
  const check = (value: unknown) => refusal(() => requireInteger('offset', value, 0, 10));
  expect([0, 10, 5].map(check)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(check(-1)).toBe('RangeError ERR_CONVEYOR_ARG_RANGE: offset must be an integer from 0 to 10, got -1');
  expect(check(11)).toContain('RangeError');
  expect(check(1.5)).toBe('RangeError ERR_CONVEYOR_ARG_RANGE: offset must be an integer, got 1.5');
  expect(check(Number.NaN)).toContain('RangeError');
  expect(check(Number.POSITIVE_INFINITY)).toContain('RangeError');
  expect(check('5')).toBe("TypeError ERR_CONVEYOR_ARG_TYPE: offset must be an integer, got '5'");
  expect(check(5n)).toBe('TypeError ERR_CONVEYOR_ARG_TYPE: offset must be an integer, got 5n');
  expect(refusal(() => requireInteger('offset', 2 ** 53))).toContain('RangeError');
});

test('strings, booleans, functions, choices', () => {
  expect(refusal(() => requireString('path', 'x'))).toBe('accepted');
  expect(refusal(() => requireString('path', 7))).toBe('TypeError ERR_CONVEYOR_ARG_TYPE: path must be a string, got 7');
  expect(refusal(() => requireBoolean('b', 1))).toContain('a boolean, got 1');
  expect(refusal(() => requireBoolean('b', false))).toBe('accepted');
  expect(refusal(() => requireFunction('f', {}))).toContain('a function, got an object (Object)');
  expect(refusal(() => requireFunction('f', () => 1))).toBe('accepted');
  expect(refusal(() => requireOneOf('level', 'stored', ['memory', 'stored']))).toBe('accepted');
  expect(refusal(() => requireOneOf('level', 'disk', ['memory', 'stored']))).toBe(
    "RangeError ERR_CONVEYOR_ARG_RANGE: level must be one of 'memory', 'stored', got 'disk'",
  );
});

test('options: unknown ones are named, with the one that was perhaps meant', () => {
  const check = (value: unknown) => refusal(() => requireOptions('options', value, ['readDepth', 'maxIo']));
  expect([undefined, {}, { readDepth: 1 }].map(check)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(check({ readDept: 1 })).toBe(
    "TypeError ERR_CONVEYOR_UNKNOWN_OPTION: There is no option 'readDept'; did you mean 'readDepth'?",
  );
  expect(check({ wild: 1 })).toContain("There is no option 'wild'; known are readDepth, maxIo");
  for (const value of [null, 7, 'x', []]) expect(check(value)).toContain('TypeError ERR_CONVEYOR_ARG_TYPE');
});

test('refused values are shown short and on one line', () => {
  expect(argumentTypeError('a', 'x', 'line\nline'.repeat(100)).message.length).toBeLessThan(120);
  expect(argumentTypeError('a', 'x', 'line\nline').message).toBe("a must be x, got 'line line'");
  expect(argumentTypeError('a', 'x', [1]).message).toBe('a must be x, got an array');
  expect(argumentTypeError('a', 'x', Object.create(null)).message).toBe('a must be x, got an object (no prototype)');
  expect(argumentTypeError('a', 'x', Symbol('s')).message).toBe('a must be x, got a symbol');
  expect(argumentRangeError('a', 'x', () => 1).message).toBe('a must be x, got a function');
  expect(unknownOptionError('a\nb', ['zzzzzz']).message).not.toContain('\n');
  expect(argumentTypeError('a', 'x', 1)).toBeInstanceOf(TypeError);
  expect(argumentRangeError('a', 'x', 1)).toBeInstanceOf(RangeError);
});

test('describeError gives one line for anything', () => {
  const where = { origin: 'engine', operation: 'flush' };
  const cause = new Error('socket\nhang up');
  expect(describeError(errnoError('EIO', { ...where, cause }))).toBe(
    'flush: Input/output error (EIO); because: socket hang up',
  );
  expect(describeError(new Error('same', { cause: new Error('same') }))).toBe('same');
  expect(describeError('text\n')).toBe('text');
  expect(describeError(undefined)).toBe('unknown error');
  expect(describeError(null)).toBe('null');
  expect(describeError(new Error(''))).toBe('Error');
  expect(
    describeError({
      toString: () => {
        throw new Error('no');
      },
    }),
  ).toBe('an error that cannot be shown');
  const loop = new Error('loop');
  loop.cause = loop;
  expect(describeError(loop)).toBe('loop');
});
