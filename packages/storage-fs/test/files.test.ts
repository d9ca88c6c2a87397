import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, constants as o, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alignedBuffer, directIoBytes, FsStorage } from '../src/index.ts';

let dir: TempDir;
let storage: FsStorage;

beforeEach(async () => {
  dir = await tempDir();
  storage = new FsStorage();
});

afterEach(async () => {
  await storage.close();
  await dir.remove();
});

const at = (name: string) => `${dir.path}/${name}`;

describe('special files', () => {
  test('a pipe is refused at once, although nobody holds its other end', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    for (const flags of ['r', 'w', 'r+', 'a'] as const) {
      await expect(storage.open(at('pipe'), flags)).rejects.toMatchObject({
        code: 'ESPIPE',
        message: expect.stringContaining('a pipe'),
      });
    }
    await expect(storage.openReplacement(at('pipe'))).rejects.toMatchObject({ code: 'ESPIPE' });
    writeFileSync(at('file'), 'x');
    await expect(storage.copy(at('file'), at('pipe'))).rejects.toMatchObject({ code: 'ESPIPE' });
    await expect(storage.copy(at('pipe'), at('new'))).rejects.toMatchObject({ code: 'ESPIPE' });
    expect(statSync(at('pipe')).isFIFO()).toBe(true);
    expect((await storage.stat(at('pipe'))).type).toBe('other');
  });

  test('a character device is refused, and never replaced', async () => {
    await expect(storage.open('/dev/null', 'w')).rejects.toMatchObject({ code: 'ESPIPE' });
    await expect(storage.openReplacement('/dev/null')).rejects.toMatchObject({ code: 'ESPIPE' });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a socket is refused', async () => {
    const server = createServer().listen(at('socket'));
    await once(server, 'listening');
    await expect(storage.open(at('socket'), 'r')).rejects.toMatchObject({
      code: 'ESPIPE',
      message: expect.stringContaining('a socket'),
    });
    server.close();
    await once(server, 'close');
  });
});

describe('flags of open(2)', () => {
  test('O_NOFOLLOW refuses a link', async () => {
    writeFileSync(at('file'), 'x');
    symlinkSync('file', at('link'));
    await expect(storage.open(at('link'), o.O_RDONLY | o.O_NOFOLLOW)).rejects.toMatchObject({ code: 'ELOOP' });
    await (await storage.open(at('file'), o.O_RDONLY | o.O_NOFOLLOW)).close();
  });

  test('O_SYNC, O_DSYNC and O_APPEND reach the descriptor', async () => {
    for (const flag of [o.O_SYNC, o.O_DSYNC, o.O_APPEND]) {
      const file = await storage.open(at('file'), o.O_WRONLY | o.O_CREAT | flag);
      const info = readFileSync(`/proc/self/fdinfo/${file.fd}`, 'utf8');
      const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '0', 8);
      expect(flags & flag).toBe(flag);
      await file.close();
    }
  });

  test.each(['O_DIRECTORY', 'O_NONBLOCK', 'O_NOCTTY'] as const)('%s is not known', async (name) => {
    await expect(storage.open(at('file'), o.O_RDWR | o.O_CREAT | o[name])).rejects.toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringContaining(name),
    });
    expect(readdirSync(dir.path)).toEqual([]);
  });
});

describe('O_DIRECT', () => {
  const direct = o.O_RDWR | o.O_CREAT | o.O_DIRECT;

  beforeEach(async (context) => {
    // Some file systems know no direct I/O and say so at open.
    const probe = await storage.open(at('file'), direct).catch((thrown: { code?: string }) => thrown.code);
    if (probe === 'EINVAL') context.skip('the file system of the temporary directory has no O_DIRECT');
    if (typeof probe === 'object') await probe.close();
  });

  test('aligned I/O works up to an end that is not', async () => {
    const bytes = alignedBuffer(3 * directIoBytes);
    for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 7) & 0xff;
    const file = await storage.open(at('file'), direct);
    expect(await file.write(bytes, directIoBytes)).toBe(bytes.length);
    await file.truncate(3 * directIoBytes + 100);
    const read = alignedBuffer(4 * directIoBytes);
    expect(await file.read(read, directIoBytes)).toBe(2 * directIoBytes + 100);
    expect(Buffer.compare(read.subarray(0, 2 * directIoBytes + 100), bytes.subarray(0, 2 * directIoBytes + 100))).toBe(
      0,
    );
    expect(await file.read(read, 4 * directIoBytes)).toBe(0);
    await file.close();
    expect(
      readFileSync(at('file'))
        .subarray(0, directIoBytes)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test('what is not aligned is EINVAL and says why', async () => {
    const file = await storage.open(at('file'), direct);
    const buffer = alignedBuffer(2 * directIoBytes);
    const refusal = { code: 'EINVAL', message: expect.stringContaining('O_DIRECT needs offset and length') };
    await expect(file.write(buffer.subarray(0, 100), 0)).rejects.toMatchObject(refusal);
    await expect(file.write(buffer, 100)).rejects.toMatchObject(refusal);
    await expect(file.read(buffer.subarray(0, 100), 0)).rejects.toMatchObject(refusal);
    await expect(file.read(buffer, 100)).rejects.toMatchObject(refusal);
    expect(await file.size()).toBe(0);
    // Whether memory must be aligned is the file system's to say; where it says so, the error explains it.
    const odd = buffer.subarray(1, 1 + directIoBytes);
    const outcome = await file.write(odd, 0).catch((thrown: Error) => thrown.message);
    if (outcome !== directIoBytes) expect(outcome).toContain('alignedBuffer()');
    await file.close();
  });

  test('native I/O does not get the descriptor', async () => {
    const file = await storage.open(at('file'), direct);
    expect(file.fd).toBeUndefined();
    await file.close();
  });
});

describe('descriptors', () => {
  test('none is left open, whatever happens', async () => {
    const count = () => readdirSync('/proc/self/fd').length;
    writeFileSync(at('file'), 'x');
    await (await storage.open(at('file'), 'r')).close();
    const before = count();
    for (let round = 0; round < 5; round++) {
      const file = await storage.open(at('file'), 'r+');
      await file.close();
      await expect(storage.open(at('file'), 'r', { ifVersion: 'other' })).rejects.toMatchObject({ code: 'ESTALE' });
      await expect(storage.open(dir.path, 'r')).rejects.toMatchObject({ code: 'EISDIR' });
      await (await storage.openReplacement(at('file'))).abort();
      await (await storage.openReplacement(at('file'))).commit();
      await storage.copy(at('file'), at('copy'));
      const listing = storage.list(dir.path)[Symbol.asyncIterator]();
      await listing.next();
      await listing.return?.();
    }
    expect(count()).toBe(before);
  });

  test('fd is the file’s own until close, and then nobody’s', async () => {
    const file = await storage.open(at('file'), 'w+');
    const fd = file.fd as number;
    await file.write(Buffer.from('abc'), 0);
    expect(fstatSync(fd).ino).toBe(statSync(at('file')).ino);
    await file.close();
    expect(() => fstatSync(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});

describe('names', () => {
  test('a name that is not UTF-8 is EILSEQ and not another name', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${dir.path}/bad-`), Buffer.from([0xff])]), 'x');
    const names = async () => {
      for await (const entry of storage.list(dir.path)) expect(entry.name).toBeTruthy();
    };
    await expect(names()).rejects.toMatchObject({ code: 'EILSEQ', message: expect.stringContaining('bad-ÿ') });
    symlinkSync(Buffer.from([0xff]), at('link'));
    await expect(storage.readLink(at('link'))).rejects.toMatchObject({ code: 'EILSEQ' });
  });

  test('errors keep their errno', async () => {
    await expect(storage.stat(at('x'.repeat(256)))).rejects.toMatchObject({ code: 'ENAMETOOLONG', errno: -36 });
    await expect(storage.stat(at('missing'))).rejects.toMatchObject({ code: 'ENOENT', cause: { syscall: 'stat' } });
    await expect(storage.remove('/')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(storage.stat('relative')).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('a root', () => {
  test('paths begin at it, and dots do not lead out', async () => {
    const rooted = new FsStorage({ root: `${dir.path}/` });
    await rooted.mkdir('a');
    await (await rooted.open('/a/file', 'w')).close();
    expect(readdirSync(at('a'))).toEqual(['file']);
    expect((await rooted.stat('/')).type).toBe('directory');
    expect((await rooted.stat('a/../a/./file')).type).toBe('file');
    for (const path of ['..', '../x', 'a/../../x', '/../etc/passwd']) {
      await expect(rooted.stat(path)).rejects.toMatchObject({ code: 'EACCES' });
      await expect(rooted.open(path, 'w')).rejects.toMatchObject({ code: 'EACCES' });
    }
    await expect(rooted.remove('/')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(rooted.remove('a/..')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(rooted.rename('/', 'x')).rejects.toMatchObject({ code: 'EBUSY' });
    await rooted.close();
  });

  test.each(['relative', '', 'a\0b', 42, null])('%j is no root', (root) => {
    expect(() => new FsStorage({ root: root as string })).toThrow();
  });

  test('there is no option rot', () => {
    expect(() => new FsStorage({ rot: '/' } as never)).toThrow(/'root'/);
  });
});
