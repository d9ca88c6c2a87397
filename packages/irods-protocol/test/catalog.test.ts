import {
  apiNameOf,
  apis,
  equalTo,
  explainIrodsCode,
  findApi,
  formatChecksum,
  hasApi,
  irodsCode,
  isLockedCode,
  isMissingCode,
  isSplitByServers,
  literal2,
  parseChecksum,
  startsWith,
  version,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';

describe('codes', () => {
  it('have a name and an errno', () => {
    expect(explainIrodsCode(-808_000)).toMatchObject({ name: 'CAT_NO_ROWS_FOUND', errno: 'ENOENT', systemErrno: 0 });
    expect(explainIrodsCode(-110_000)).toMatchObject({ errno: 'EDQUOT' });
    expect(irodsCode.SYS_RESC_IS_DOWN).toBe(-105_000);
  });

  it('of files carry the errno of the server', () => {
    expect(explainIrodsCode(-513_028)).toMatchObject({ name: 'UNIX_FILE_WRITE_ERR', errno: 'ENOSPC', base: -513_000 });
    expect(explainIrodsCode(-510_002)).toMatchObject({ name: 'UNIX_FILE_OPEN_ERR', errno: 'ENOENT' });
    expect(explainIrodsCode(-514_000)).toMatchObject({ errno: 'EIO' });
    expect(explainIrodsCode(-116_104)).toMatchObject({
      name: 'SYS_SOCK_READ_ERR',
      errno: 'ECONNRESET',
      systemErrno: 104,
    });
  });

  it('that are unknown say so', () => {
    expect(explainIrodsCode(-424_242)).toMatchObject({ code: -424_242, errno: undefined });
  });

  it('are sorted by what a client does about them', () => {
    expect([-405_000, -406_000, -168_000, -1_803_000].every(isLockedCode)).toBe(true);
    expect(isLockedCode(-818_000)).toBe(false);
    expect([-310_000, -358_000, -817_000].every(isMissingCode)).toBe(true);
  });
});

describe('APIs', () => {
  it('are found by their number', () => {
    expect(findApi(676)).toBe(apis.dataObjWrite);
    expect(apiNameOf(20_003)).toBe('replicaOpen');
    expect(findApi(682)).toBeUndefined();
  });

  it('exist since a version', () => {
    expect(hasApi(version(4, 2, 12), apis.authentication)).toBe(false);
    expect(hasApi(version(4, 3, 0), apis.authentication)).toBe(true);
    expect(hasApi(version(4, 3, 1), apis.replicaTruncate)).toBe(false);
    expect(hasApi(version(5, 0, 2), apis.replicaTruncate)).toBe(true);
    expect(hasApi(version(4, 2, 9), apis.dataObjOpen)).toBe(true);
  });
});

describe('conditions', () => {
  it('need no escape but in patterns', () => {
    expect(equalTo("it's")).toBe("= 'it's'");
    expect(startsWith('50%_a\\')).toBe("like '50\\%\\_a\\\\%'");
    expect(literal2("it's")).toBe("'it''s'");
  });

  it('refuse values that servers split', () => {
    expect(isSplitByServers("a' || 'b")).toBe(true);
    expect(isSplitByServers("a'&&'b")).toBe(true);
    expect(isSplitByServers('a || b')).toBe(false);
    expect(() => equalTo("a' || 'b")).toThrow(RangeError);
  });
});

describe('checksums', () => {
  it.each([
    'sha2:ZfkUYB0EUVUqn5q825gHYcribld+wr+LILtJxBpl3h0=',
    '900150983cd24fb0d6963f7d28e17f72',
    'adler32:0a0b0c0d',
    'sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=',
  ])('%s is read and written', (text) => {
    const checksum = parseChecksum(text);
    expect(checksum && formatChecksum(checksum)).toBe(text);
  });

  it('of unknown kinds are none', () => {
    expect(parseChecksum('')).toBeUndefined();
    expect(parseChecksum('sha3:abc')).toBeUndefined();
  });
});
