import { createContext, runInContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ConveyorError, type ConveyorErrorJson, errnoError, isConveyorError, systemError } from '../src/index.ts';

const where = { origin: 'storage-fs', operation: 'write' };

test('carries everything that a caller decides by', () => {
  const cause = new Error('disk');
  const error = new ConveyorError('ENOSPC', { ...where, path: 'a.bin', offset: 4096, length: 4096, cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'ConveyorError',
    code: 'ENOSPC',
    errno: -28,
    kind: 'no-space',
    retry: 'never',
    origin: 'storage-fs',
    operation: 'write',
    path: 'a.bin',
    offset: 4096,
    length: 4096,
    cause,
  });
  expect(error.message).toBe("write 'a.bin' bytes 4096-8191: No space left on device (ENOSPC)");
  expect(error.stack).toContain('ConveyorError: write');
});

test.each([
  [{}, 'write: Input/output error (EIO)'],
  [{ offset: 7 }, 'write at byte 7: Input/output error (EIO)'],
  [{ length: 7 }, 'write 7 bytes: Input/output error (EIO)'],
  [{ offset: 7, length: 0 }, 'write 0 bytes at 7: Input/output error (EIO)'],
  [
    { path: 'a\nb', detail: 'server said: no\r\n\u001b[31mway' },
    "write 'a b': Input/output error, server said: no [31mway (EIO)",
  ],
])('the message is one line: %j', (details, message) => {
  expect(new ConveyorError('EIO', { ...where, ...details }).message).toBe(message);
});

test('own codes have no errno; second names become the first one', () => {
  const own = new ConveyorError('ERR_CONVEYOR_CHECKSUM', where);
  expect([own.code, own.errno, own.kind]).toEqual(['ERR_CONVEYOR_CHECKSUM', undefined, 'corrupt']);
  expect(new ConveyorError('EWOULDBLOCK' as 'EAGAIN', where).code).toBe('EAGAIN');
});

test.each(['ENOPE', '', 'toString', 'ERR_CONVEYOR_NO_SUCH'])('refuses the code %j', (code) => {
  expect(() => new ConveyorError(code as 'EIO', where)).toThrow(RangeError);
  expect(() => new ConveyorError(code as 'EIO', where)).toThrow(
    expect.objectContaining({ code: 'ERR_CONVEYOR_ARG_RANGE' }),
  );
});

test('retry is safe only where nothing was done, and can be stated', () => {
  expect(errnoError('EAGAIN', where).retry).toBe('safe');
  expect(errnoError('ECONNREFUSED', where).retry).toBe('safe');
  expect(errnoError('ECONNRESET', where).retry).toBe('never');
  expect(errnoError('ECONNRESET', { ...where, retry: 'exhausted' }).retry).toBe('exhausted');
  expect(errnoError('EIO', { ...where, kind: 'corrupt' }).kind).toBe('corrupt');
});

test('errnoError takes names and numbers of either sign, and keeps a number that it does not know', () => {
  expect(errnoError(-2, where).code).toBe('ENOENT');
  expect(errnoError(2, where).code).toBe('ENOENT');
  const unknown = errnoError(-4095, { ...where, detail: 'by the driver' });
  expect([unknown.code, unknown.detail]).toEqual(['EIO', 'by the driver, unknown error number -4095']);
});

test('systemError maps by code, keeps the cause and leaves our own errors alone', () => {
  const enoent = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', errno: -2 });
  expect(systemError(enoent, where)).toMatchObject({ code: 'ENOENT', kind: 'not-found', cause: enoent });
  const ours = errnoError('EBUSY', where);
  expect(systemError(ours, { origin: 'cli', operation: 'cp' })).toBe(ours);
  expect(systemError(AbortSignal.abort().reason, where).code).toBe('ECANCELED');
  expect(systemError(new DOMException('late', 'TimeoutError'), where).code).toBe('ETIMEDOUT');
  expect(systemError(Object.assign(new Error('x'), { code: 'ERR_STRANGE' }), where).code).toBe('EIO');
  const format = Object.assign(new Error('of a package below'), { code: 'ERR_CONVEYOR_FORMAT' });
  expect(systemError(format, where)).toMatchObject({ code: 'ERR_CONVEYOR_FORMAT', kind: 'corrupt', cause: format });
  for (const thrown of ['text', undefined, null, 7]) expect(systemError(thrown, where).code).toBe('EIO');
  expect(systemError('text', where).cause).toBe('text');
});

test('JSON and back', () => {
  const root = Object.assign(new TypeError('root'), { code: 'ERR_STRANGE' });
  const inner = errnoError('ECONNRESET', { ...where, retry: 'exhausted', cause: root });
  const outer = errnoError('EIO', {
    origin: 'engine',
    operation: 'flush',
    path: 'a',
    offset: 0,
    length: 9,
    cause: inner,
  });
  const json = JSON.parse(JSON.stringify(outer)) as ConveyorErrorJson;
  expect(json).toEqual({
    name: 'ConveyorError',
    message: "flush 'a' bytes 0-8: Input/output error (EIO)",
    code: 'EIO',
    kind: 'io',
    retry: 'never',
    origin: 'engine',
    operation: 'flush',
    path: 'a',
    offset: 0,
    length: 9,
    cause: {
      name: 'ConveyorError',
      message: 'write: Connection reset by peer (ECONNRESET)',
      code: 'ECONNRESET',
      kind: 'network',
      retry: 'exhausted',
      origin: 'storage-fs',
      operation: 'write',
      cause: { name: 'TypeError', message: 'root', code: 'ERR_STRANGE' },
    },
  });
  const revived = ConveyorError.fromJSON(json);
  expect(revived.toJSON()).toEqual(json);
  expect(isConveyorError(revived.cause)).toBe(true);
  expect(JSON.parse(JSON.stringify(errnoError('EIO', where)))).not.toHaveProperty('path');
});

test('JSON of a chain of causes that never ends is bounded', () => {
  const loop = new Error('loop');
  loop.cause = loop;
  expect(JSON.stringify(errnoError('EIO', { ...where, cause: loop })).length).toBeLessThan(1000);
});

test('is recognised from another copy of the package and from another realm', async () => {
  const copyUrl = `${new URL('../src/conveyor-error.ts', import.meta.url).href}?copy`;
  const copy = (await import(/* @vite-ignore */ copyUrl)) as typeof import('../src/conveyor-error.ts');
  const foreign = new copy.ConveyorError('EIO', where);
  expect(foreign instanceof ConveyorError).toBe(false);
  expect(isConveyorError(foreign)).toBe(true);
  const other = runInContext(
    "const e = new Error('x'); e[Symbol.for('@libconveyor/errors.ConveyorError')] = true; e",
    createContext({}),
  );
  expect(other instanceof Error).toBe(false);
  expect(isConveyorError(other)).toBe(true);
  for (const value of [new Error('x'), { code: 'EIO', kind: 'io' }, null, undefined, 'EIO']) {
    expect(isConveyorError(value)).toBe(false);
  }
});
