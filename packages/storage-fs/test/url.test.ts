import { describe, expect, test } from 'vitest';
import { fileProvider, fileUrlOfPath, pathOfFileUrl } from '../src/index.ts';

describe('file: URLs', () => {
  test.each([
    ['file:///a/b', '/a/b'],
    ['file:/a/b', '/a/b'],
    ['FILE://localhost/a', '/a'],
    ['file://LOCALHOST/a', '/a'],
    ['file:///', '/'],
    ['file:///a%20b/%C3%BC%25', '/a b/ü%'],
    ['file:///a/../b', '/a/../b'],
    ['file:///%3F%23', '/?#'],
    ['file:///ü', '/ü'],
  ])('%s is %s', (url, path) => {
    expect(pathOfFileUrl(url)).toBe(path);
  });

  test.each([
    ['http://host/a', 'EINVAL', 'no file: URL'],
    ['/a', 'EINVAL', 'no file: URL'],
    ['file://host/a', 'EINVAL', "'host' is another host"],
    ['file:a', 'EINVAL', 'not absolute'],
    ['file:', 'EINVAL', 'not absolute'],
    ['file://localhost', 'EINVAL', 'not absolute'],
    ['file:///a?b', 'EINVAL', 'no query'],
    ['file:///a#b', 'EINVAL', 'no query'],
    ['file:///a%', 'EINVAL', 'hexadecimal'],
    ['file:///a%2', 'EINVAL', 'hexadecimal'],
    ['file:///a%zz', 'EINVAL', 'hexadecimal'],
    ['file:///a%2Fb', 'EINVAL', 'slash'],
    ['file:///a%00', 'EINVAL', 'NUL'],
    ['file:///%ff', 'EILSEQ', 'UTF-8'],
  ])('%s is refused with %s', (url, code, text) => {
    expect(() => pathOfFileUrl(url)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  test('what is no URL is a TypeError', () => {
    expect(() => pathOfFileUrl(42 as never)).toThrow(TypeError);
  });

  test.each(['/', '/a b', '/%41?#', '/ü/\u{1f600}', "/'\\"])('the URL of %s leads back to it', (path) => {
    expect(pathOfFileUrl(fileUrlOfPath(path))).toBe(path);
    expect(pathOfFileUrl(new URL(fileUrlOfPath(path)))).toBe(path);
  });

  test('a relative path has no URL', () => {
    expect(() => fileUrlOfPath('a')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  test('the provider finds the storage of the whole machine', async () => {
    const { storage, path } = await fileProvider.locate('file:///tmp/some%20file');
    await using owned = storage;
    expect(fileProvider.schemes).toContain(owned.scheme);
    expect(path).toBe('/tmp/some file');
    await expect(fileProvider.locate('file://elsewhere/a')).rejects.toMatchObject({ code: 'EINVAL' });
  });
});
