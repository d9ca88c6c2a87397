import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { expect, test } from 'vitest';
import { errnoTable, findErrno, findOwnCode, ownCodeList } from '../src/index.ts';

// Codes are part of the version: a line that goes or changes here is a breaking change.
test('the list of codes and kinds', () => {
  const own = ownCodeList().map((code) => `${code} ${findOwnCode(code)?.kind}`);
  const errnos = errnoTable().map((row) => `${row.name} ${row.kind}`);
  expect([...own, ...errnos].join('\n')).toMatchSnapshot();
});

test('the errno table has the numbers of this system', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    expect([name, findErrno(name)?.number]).toEqual([name, number]);
  }
  for (const [number, [name]] of getSystemErrorMap()) {
    if (number > -1000) expect([number, findErrno(number)?.name]).toEqual([number, name]);
  }
});

test('numbers are found with either sign, names with their second form', () => {
  expect(findErrno(-2)).toEqual({ name: 'ENOENT', number: 2, kind: 'not-found', text: 'No such file or directory' });
  expect(findErrno(2)).toBe(findErrno('ENOENT'));
  expect(findErrno('EOPNOTSUPP')?.name).toBe('ENOTSUP');
  for (const nothing of [0, 41, 4095, Number.NaN, 1.5]) expect(findErrno(nothing)).toBeUndefined();
  for (const nothing of ['', 'enoent', 'toString', '__proto__']) expect(findErrno(nothing)).toBeUndefined();
});

test('names are unique and numbers rise', () => {
  const numbers = errnoTable().map((row) => row.number);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(findOwnCode('toString')).toBeUndefined();
});
