import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { tempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { type FlagString, flagNames, isReadable, isWritable, parseFlags } from '../src/index.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC, O_DIRECT } = constants;

describe('flags', () => {
  test.each([
    ['r', O_RDONLY],
    ['r+', O_RDWR],
    ['rs', O_RDONLY | O_SYNC],
    ['rs+', O_RDWR | O_SYNC],
    ['w', O_WRONLY | O_CREAT | O_TRUNC],
    ['wx', O_WRONLY | O_CREAT | O_TRUNC | O_EXCL],
    ['w+', O_RDWR | O_CREAT | O_TRUNC],
    ['wx+', O_RDWR | O_CREAT | O_TRUNC | O_EXCL],
    ['a', O_WRONLY | O_CREAT | O_APPEND],
    ['ax', O_WRONLY | O_CREAT | O_APPEND | O_EXCL],
    ['as', O_WRONLY | O_CREAT | O_APPEND | O_SYNC],
    ['a+', O_RDWR | O_CREAT | O_APPEND],
    ['ax+', O_RDWR | O_CREAT | O_APPEND | O_EXCL],
    ['as+', O_RDWR | O_CREAT | O_APPEND | O_SYNC],
  ] as const)('%s is a number of open(2), and Node knows it too', async (text, number) => {
    expect(parseFlags(text)).toBe(number);
    expect(parseFlags(number)).toBe(number);
    await using dir = await tempDir();
    const path = `${dir.path}/file`;
    if (!text.includes('x')) await (await open(path, 'w')).close();
    await (await open(path, text)).close();
  });

  test('P1: the access mode is a number and not a bit: O_RDONLY is 0', () => {
    expect([isReadable(O_RDONLY), isWritable(O_RDONLY)]).toEqual([true, false]);
    expect([isReadable(O_WRONLY), isWritable(O_WRONLY)]).toEqual([false, true]);
    expect([isReadable(O_RDWR), isWritable(O_RDWR)]).toEqual([true, true]);
    expect(isReadable(O_CREAT)).toBe(true);
    expect(isWritable(O_CREAT)).toBe(false);
  });

  test.each([
    [O_WRONLY | O_RDWR, 'exclude each other'],
    [O_RDWR | O_EXCL, 'O_EXCL'],
    [O_TRUNC, 'O_TRUNC'],
    [O_CREAT | O_APPEND, 'O_APPEND'],
  ])('%i contradicts itself', (flags, text) => {
    expect(() => parseFlags(flags)).toThrow(
      expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining(text) }),
    );
  });

  test.each(['', 'R', 'rw', 'r ', 'toString', -1, 0.5, Number.NaN, 2 ** 31])('%s is refused', (flags) => {
    expect(() => parseFlags(flags as FlagString)).toThrow(RangeError);
  });

  test.each([undefined, null, {}, 1n])('a flag of another type is refused: %s', (flags) => {
    expect(() => parseFlags(flags as never)).toThrow(TypeError);
  });

  test('bits have names, O_SYNC one and not two', () => {
    expect(flagNames(O_RDWR | O_CREAT | O_EXCL).sort()).toEqual(['O_CREAT', 'O_EXCL']);
    expect(flagNames(O_SYNC)).toEqual(['O_SYNC']);
    expect(flagNames(O_DIRECT | 0x20000000)).toEqual(['O_DIRECT', '0o4000000000']);
    expect(flagNames(O_RDONLY)).toEqual([]);
  });
});
