import { ConveyorError } from '@libconveyor/errors';
import { MemoryStorage } from '@libconveyor/storage';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseSize } from '../src/byte-size.ts';
import { checksumLine } from '../src/copy-report.ts';
import { readFailure, reasonOf, writeFailure } from '../src/failure.ts';
import { quoted } from '../src/quoted.ts';
import { Place } from '../src/storages.ts';

describe('sizes', () => {
  test.each<[string, number | undefined]>([
    ['0', 0],
    ['65536', 65_536],
    ['512KiB', 512 * 1024],
    ['8MiB', 8 << 20],
    ['8m', 8 << 20],
    ['1G', 2 ** 30],
    ['1.5 MiB', 1.5 * 2 ** 20],
    ['5MB', 5_000_000],
    ['7 kB', 7000],
    ['9b', 9],
    ['2TiB', 2 ** 41],
    ['', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['8 bananas', undefined],
    ['KiB', undefined],
    ['0x10', undefined],
    ['0.3KiB', undefined],
    ['99999999999TiB', undefined],
  ])('%j is %j bytes', (text, size) => {
    expect(parseSize(text)).toBe(size);
  });

  test.each<[number, string]>([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [10_239, '10 KiB'],
    [1_048_575, '1.0 MiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [345 * 2 ** 40, '345 TiB'],
    [0.4, '0 B'],
  ])('%d bytes are shown as %j', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test.each<[number, string]>([
    [0, '0:00'],
    [0.2, '0:01'],
    [59.1, '1:00'],
    [754, '12:34'],
    [3600 * 30 + 61, '30:01:01'],
  ])('%d seconds are shown as %j', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('names', () => {
  test('stay on their line and move no cursor', () => {
    expect(quoted("it's ünï 👍 \\")).toBe("'it's ünï 👍 \\'");
    expect(quoted('a\nb\tc\x1b[2J\u009b\u2028')).toBe("'a\\nb\\tc\\x1b[2J\\x9b\\u2028'");
  });

  test('in checksum lines are escaped as sha256sum does it', () => {
    expect(checksumLine('ab', 'plain name')).toBe('ab  plain name\n');
    expect(checksumLine('ab', 'back\\slash')).toBe('\\ab  back\\\\slash\n');
    expect(checksumLine('ab', 'a\r\nb')).toBe('\\ab  a\\r\\nb\n');
  });

  test('of places: children, parents, last names', () => {
    const storage = new MemoryStorage();
    const path = new Place(storage, '/a/b/', 'b/', false);
    expect(path.child('c d')).toMatchObject({ path: '/a/b/c d', shown: 'b/c d' });
    expect(path.child('c').parent).toMatchObject({ path: '/a/b', shown: 'b' });
    expect(path.parent).toMatchObject({ path: '/a', shown: '.' });
    expect(new Place(storage, '/a', 'file:///a', true).child('c d').shown).toBe('file:///a/c%20d');
    const lastNames = ['/a/b', '/a/b/', '/', '/a/.', '/a/..', '/a/..b'].map(
      (text) => new Place(storage, text, text, false).lastName,
    );
    expect(lastNames).toEqual(['b', 'b', undefined, undefined, undefined, '..b']);
  });
});

describe('failures', () => {
  const place = new Place(new MemoryStorage(), '/folder/name', 'folder/name', false);
  const error = (code: 'EACCES' | 'ENOSPC' | 'EIO' | 'ENOENT', detail?: string) =>
    new ConveyorError(code, { origin: 'test', operation: 'x', path: '/hidden', detail });

  test('say what could not be done to which name, and why', () => {
    expect(readFailure(place, error('EACCES')).message).toBe("cannot read 'folder/name': permission denied (EACCES)");
    const full = "cannot write 'folder/name': no space left on device (ENOSPC)";
    expect(writeFailure(place, error('ENOSPC')).message).toBe(full);
    const detailed = "cannot write 'folder/name': input/output error, the disk is on fire (EIO)";
    expect(writeFailure(place, error('EIO', 'the disk is on fire')).message).toBe(detailed);
    const behind = new ConveyorError('ENOSPC', { origin: 'engine', operation: 'write', detail: 'of no use to a user' });
    expect(writeFailure(place, behind).message).toBe(full);
    const gone = "cannot write 'folder/name': the directory 'folder' does not exist";
    expect(writeFailure(place, error('ENOENT')).message).toBe(gone);
  });

  test('keep what was said nearer to the cause', () => {
    const first = readFailure(place, error('EACCES'));
    expect(writeFailure(place, first)).toBe(first);
  });

  test('have words for whatever is thrown', () => {
    expect(reasonOf(Object.assign(new Error('x'), { code: 'EMFILE' }))).toBe('too many open files (EMFILE)');
    expect(reasonOf(new Error('something\nodd'))).toBe('something odd');
    expect(reasonOf(undefined)).toBe('unknown error');
    expect(readFailure(place, new Error('odd'))).toMatchObject({ code: 'EIO', path: 'folder/name' });
  });
});
