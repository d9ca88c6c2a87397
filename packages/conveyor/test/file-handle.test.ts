import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type ConveyorFileHandle, drain, open, openFile, version } from '@libconveyor/conveyor';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place, placeKinds } from './places.ts';

describe.each(placeKinds)('%s', (kind) => {
  let place: Place;
  const opened: ConveyorFileHandle[] = [];

  beforeEach(async () => {
    place = await makePlace(kind);
    await place.put('file', '0123456789');
  });

  afterEach(async () => {
    for (const handle of opened.splice(0)) await handle.close().catch(() => undefined);
    await place[Symbol.asyncDispose]();
  });

  async function openHere(...[flags, options]: [Parameters<typeof open>[2]?, Parameters<typeof open>[3]?]) {
    const handle = await open(place.storage, 'file', flags, options);
    opened.push(handle);
    return handle;
  }

  describe('read', () => {
    test('P3: takes all of the forms that a FileHandle takes', async () => {
      const handle = await openHere('r');
      const buffer = Buffer.alloc(4);
      expect(await handle.read(buffer, 1, 2, 3)).toEqual({ bytesRead: 2, buffer });
      expect(buffer.toString('latin1')).toBe('\x0034\x00');
      expect((await handle.read(buffer)).buffer.toString()).toBe('0123');
      expect((await handle.read(buffer, null, null, null)).buffer.toString()).toBe('4567');
      expect((await handle.read(buffer, { offset: 2, position: 9n })).bytesRead).toBe(1);
      expect((await handle.read(buffer, 0, 1, -1)).buffer.toString('latin1')).toMatch(/^8/);
      expect((await handle.read({ buffer, length: 1, position: 0 })).bytesRead).toBe(1);
      const own = await handle.read({ position: 5 });
      expect([own.bytesRead, own.buffer.subarray(0, 5).toString(), own.buffer.byteLength]).toEqual([
        5,
        '56789',
        16_384,
      ]);
      expect((await handle.read()).bytesRead).toBe(1);
    });

    test('R1: gives 0 at the end and behind it, and sees the file grow', async () => {
      const handle = await openHere('r+');
      expect((await handle.read(Buffer.alloc(10), 0, 10, 10)).bytesRead).toBe(0);
      expect((await handle.read(Buffer.alloc(10), 0, 10, 1e12)).bytesRead).toBe(0);
      await handle.write('ab', 10);
      expect((await handle.read(Buffer.alloc(10), 0, 10, 10)).bytesRead).toBe(2);
    });

    test('R2: reads zeros in the gap before accepted bytes', async () => {
      const handle = await openHere('r+');
      await handle.write('z', 20);
      const { buffer } = await handle.read(Buffer.alloc(11, 'x'), 0, 11, 10);
      expect(buffer.toString('latin1')).toBe(`${'\0'.repeat(10)}z`);
    });

    test('R6: takes what was read ahead until it is told that the file changed', async () => {
      const handle = await openHere('r');
      handle.prefetch(0, 10);
      handle.invalidate();
      await place.put('file', 'abcdefghij');
      handle.invalidate();
      expect((await handle.read(Buffer.alloc(10))).buffer.toString()).toBe('abcdefghij');
    });

    test('R1: works for every kind of view', async () => {
      const handle = await openHere('r');
      const words = new Uint16Array(3);
      expect((await handle.read(words, 0, null, 0)).bytesRead).toBe(6);
      expect(Buffer.from(words.buffer).toString()).toBe('012345');
      const view = new DataView(new ArrayBuffer(8), 2, 4);
      expect((await handle.read(view, 0, null, 4)).bytesRead).toBe(4);
      expect(Buffer.from(view.buffer).toString('latin1')).toBe('\x00\x004567\x00\x00');
    });
  });

  describe('write', () => {
    test('P3: takes all of the forms that a FileHandle takes', async () => {
      const handle = await openHere('r+');
      const buffer = Buffer.from('abcd');
      expect(await handle.write(buffer, 1, 2, 8)).toEqual({ bytesWritten: 2, buffer });
      expect(await handle.write(buffer, { length: 1 })).toEqual({ bytesWritten: 1, buffer });
      expect(await handle.write('é', null, 'latin1')).toEqual({ bytesWritten: 1, buffer: 'é' });
      expect(await handle.write(new Uint8Array(0))).toEqual({ bytesWritten: 0, buffer: new Uint8Array(0) });
      await handle.close();
      expect((await place.get('file')).toString('latin1')).toBe('aé234567bc');
    });

    test('W1: the buffer may be used again when write returns', async () => {
      const handle = await openHere('w');
      const buffer = Buffer.alloc(100_000);
      const writes: Promise<unknown>[] = [];
      for (let value = 0; value < 20; value++) {
        buffer.fill(value);
        writes.push(handle.write(buffer));
        buffer.fill(255);
      }
      await Promise.all(writes);
      await handle.close();
      const content = await place.get('file');
      for (let value = 0; value < 20; value++) {
        const part = content.subarray(value * 100_000, (value + 1) * 100_000);
        expect(
          part.every((byte) => byte === value),
          `part ${value}`,
        ).toBe(true);
      }
    });

    test('W2: a read sees what was accepted before it, without a flush', async () => {
      const handle = await openHere('r+');
      const writing = handle.write('XY', 4);
      const reading = handle.read(Buffer.alloc(10), 0, 10, 0);
      await writing;
      expect((await reading).buffer.toString()).toBe('0123XY6789');
    });

    test('W7: a write larger than the ring flows through in pieces; told to refuse, it is EMSGSIZE', async () => {
      const small = { writeCapacityInitial: 4096, writeCapacityMax: 65_536 };
      const big = Buffer.alloc(1_000_000, 'conveyor');
      const splitting = await openHere('w', small);
      expect((await splitting.write(big)).bytesWritten).toBe(big.byteLength);
      await splitting.close();
      expect((await place.get('file')).equals(big)).toBe(true);

      const refusing = await openHere('w', { ...small, largeWrite: 'refuse' });
      await expect(refusing.write(big)).rejects.toMatchObject({ code: 'EMSGSIZE', operation: 'write' });
      expect((await refusing.write(big.subarray(0, 1000))).bytesWritten).toBe(1000);
    });

    test('W9: appends whatever the position says', async () => {
      const handle = await openHere('a+');
      await handle.write('abc', 0);
      await handle.write('def');
      await handle.flush();
      expect((await place.get('file')).toString()).toBe('0123456789abcdef');
    });

    test('W4: many writes at once end as if made one after another', async () => {
      const handle = await openHere('w+');
      const writes = Array.from({ length: 500 }, (_, i) =>
        handle.write(Buffer.alloc(3000, i % 251), 0, 3000, (i * 1000) % 50_000),
      );
      await Promise.all(writes);
      await handle.close();
      const expected = Buffer.alloc(52_000);
      for (let i = 0; i < 500; i++) expected.fill(i % 251, (i * 1000) % 50_000, ((i * 1000) % 50_000) + 3000);
      expect((await place.get('file')).equals(expected)).toBe(true);
    });
  });

  describe('cursor and size', () => {
    test('P2: seek moves the cursor from the start, from itself and from the end', async () => {
      const handle = await openHere('r+');
      expect(await handle.seek(4)).toBe(4);
      expect(await handle.seek(-1, 'current')).toBe(3);
      expect((await handle.read(Buffer.alloc(2))).buffer.toString()).toBe('34');
      await handle.write('abc', 10);
      expect(await handle.seek(-2, 'end')).toBe(11);
      await expect(handle.seek(-1)).rejects.toMatchObject({ code: 'EINVAL', operation: 'seek' });
      expect((await handle.read(Buffer.alloc(2))).buffer.toString()).toBe('bc');
    });

    test('P4: truncate is ordered with the writes', async () => {
      const handle = await openHere('r+');
      await Promise.all([handle.write('abcdef', 8), handle.truncate(10), handle.write('Z', 12)]);
      await handle.close();
      expect((await place.get('file')).toString('latin1')).toBe('01234567ab\0\0Z');
    });

    test('R1: stat tells the size with the accepted bytes, and only what the storage knows', async () => {
      const handle = await openHere('r+');
      await handle.write('ab', 20);
      const stat = await handle.stat();
      expect([stat.size, await handle.size(), stat.isFile(), stat.isDirectory()]).toEqual([22, 22, true, false]);
      expect(stat.mtime).toBeInstanceOf(Date);
    });

    test('P1: the access mode decides, O_RDONLY included', async () => {
      const reader = await openHere('r');
      await expect(reader.write('x')).rejects.toMatchObject({ code: 'EBADF', kind: 'invalid' });
      await expect(reader.truncate(1)).rejects.toMatchObject({ code: 'EBADF' });
      const writer = await openHere('r+');
      await writer.write('x', 0);
      await writer.close();
      const only = await openHere('a');
      await expect(only.read(Buffer.alloc(1))).rejects.toMatchObject({ code: 'EBADF', kind: 'invalid' });
      expect((await place.get('file')).toString()).toBe('x123456789');
    });
  });

  describe('flush, sync and close', () => {
    test('F1: after flush the storage has every byte', async () => {
      const handle = await openHere('r+', { maxDirtyMs: 60_000 });
      await handle.write(Buffer.alloc(300_000, 'q'), 0, null, 5);
      await handle.flush();
      expect((await place.get('file')).byteLength).toBe(300_005);
      expect(handle.stats().dirtyBytes).toBe(0);
    });

    test('F2: sync and datasync flush, too', async () => {
      const handle = await openHere('r+', { maxDirtyMs: 60_000 });
      await handle.write('A', 0);
      await handle.sync();
      expect((await place.get('file')).toString()).toBe('A123456789');
      await handle.write('B', 1);
      await handle.datasync();
      expect((await place.get('file')).toString()).toBe('AB23456789');
    });

    test('F5: close lands what was accepted, once, and says so with an event', async () => {
      const handle = await openHere('r+', { maxDirtyMs: 60_000 });
      await handle.write('end', 7);
      const event = once(handle, 'close');
      const first = handle.close();
      expect(handle.close()).toBe(first);
      await Promise.all([first, event]);
      expect((await place.get('file')).toString()).toBe('0123456end');
      await handle.close();
    });

    test('F5: a closed handle refuses everything with EBADF', async () => {
      const handle = await openHere('r+');
      await handle.close();
      const closed = { code: 'EBADF', kind: 'closed' };
      const calls: (() => Promise<unknown>)[] = [
        () => handle.read(Buffer.alloc(1)),
        () => handle.write('x'),
        () => handle.readv([Buffer.alloc(1)]),
        () => handle.writev([Buffer.alloc(1)]),
        () => handle.readFile(),
        () => handle.writeFile('x'),
        () => handle.stat(),
        () => handle.size(),
        () => handle.seek(0),
        () => handle.truncate(0),
        () => handle.flush(),
        () => handle.sync(),
        () => handle.chmod(0o600),
        () => handle.utimes(1, 1),
      ];
      for (const call of calls) await expect(call(), String(call)).rejects.toMatchObject(closed);
      for (const call of [() => handle.stats(), () => handle.prefetch(0, 1), () => handle.invalidate()]) {
        expect(call).toThrow(expect.objectContaining(closed));
      }
      expect(handle.lastError).toBeUndefined();
    });

    test('F5: `await using` closes', async () => {
      {
        await using handle = await openHere('r+');
        await handle.write('used', 0);
      }
      expect((await place.get('file')).toString()).toBe('used456789');
    });

    test('F10: durability memory does without the sync of close, and lands the bytes nevertheless', async () => {
      const handle = await openHere('r+', { durability: 'memory', maxDirtyMs: 60_000 });
      await handle.write('mem', 0);
      await handle.close();
      expect((await place.get('file')).toString()).toBe('mem3456789');
    });

    test('F9: drain lands the bytes of every handle and leaves them open', async () => {
      const handle = await openHere('r+', { maxDirtyMs: 60_000 });
      await handle.write('drained', 0);
      expect(await drain({ timeoutMs: 20_000 })).toEqual({ handles: 0, bytes: 0, oldestMs: 0 });
      expect((await place.get('file')).toString()).toBe('drained789');
      await handle.write('!', 7);
    });
  });

  describe('whole files', () => {
    test('R1: readFile reads from the cursor to the end', async () => {
      const handle = await openHere('r');
      await handle.seek(3);
      expect(await handle.readFile('utf8')).toBe('3456789');
      expect(await handle.readFile()).toEqual(Buffer.alloc(0));
    });

    test('R1: readFile takes files of many pieces', async () => {
      const content = Buffer.alloc(9_500_000, 'a line of a large file\n');
      await place.put('file', content);
      const handle = await openHere('r');
      expect((await handle.readFile()).equals(content)).toBe(true);
    });

    test('P3: writeFile writes strings, views and iterables at the cursor', async () => {
      const handle = await openHere('r+');
      await handle.writeFile('ab', 'utf16le');
      await handle.writeFile(new Uint16Array([0x4141]));
      await handle.writeFile(['x', Buffer.from('y')]);
      async function* parts() {
        yield 'z';
      }
      await handle.appendFile(parts(), { flush: true });
      await handle.close();
      expect((await place.get('file')).toString('latin1')).toBe('a\0b\0AAxyz9');
    });

    test('F9: an aborted signal ends readFile and writeFile', async () => {
      const handle = await openHere('r+');
      const signal = AbortSignal.abort('enough');
      const aborted = { code: 'ECANCELED', cause: 'enough' };
      await expect(handle.readFile({ signal })).rejects.toMatchObject(aborted);
      await expect(handle.writeFile('x', { signal })).rejects.toMatchObject(aborted);
      await expect(handle.read(Buffer.alloc(1), { signal })).rejects.toMatchObject(aborted);
      await expect(handle.write(Buffer.alloc(1), { signal })).rejects.toMatchObject(aborted);
      await expect(handle.flush({ signal })).rejects.toMatchObject(aborted);
      expect((await place.get('file')).toString()).toBe('0123456789');
    });
  });

  test('P3: readLines gives the lines', async () => {
    await place.put('file', 'one\ntwo\r\nthree');
    const handle = await openHere('r');
    const lines: string[] = [];
    for await (const line of handle.readLines()) lines.push(line);
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  test('P3: chmod and utimes reach the storage', async () => {
    const handle = await openHere('r+');
    await handle.write('x', 0);
    await handle.chmod(0o600);
    await handle.utimes(1_000, new Date(2_000_000));
    const stat = await handle.stat();
    expect([(stat.mode ?? 0) & 0o777, stat.atimeMs, stat.mtimeMs]).toEqual([0o600, 1_000_000, 2_000_000]);
  });

  test('O1: stats count what went through', async () => {
    const handle = await openHere('r+');
    for (let i = 0; i < 100; i++) await handle.write(Buffer.alloc(64), 0, 64, i * 64);
    await handle.flush();
    await handle.read(Buffer.alloc(64), 0, 64, 0);
    const stats = handle.stats();
    expect(stats).toMatchObject({
      writes: 100,
      bytesWritten: 6400,
      windowBytesWritten: 6400,
      reads: 1,
      stickyError: 0,
    });
    expect(stats.backendWrites).toBeLessThan(100);
    expect(stats.backendBytesWritten).toBeGreaterThanOrEqual(6400);
    expect(handle.stats()).toMatchObject({ writes: 100, windowBytesWritten: 0 });
  });

  test('A1: what is chosen is in force, and what the storage cannot do at once is not asked of it', async () => {
    const chosen = { maxIo: 262_144, flushThreshold: 65_536, readDepth: 2, adaptive: false, tickMs: 50 };
    const handle = await openHere('r+', chosen);
    const { maxIo, flushThreshold, readDepth, writeDepth, adaptations } = handle.stats();
    expect({ maxIo, flushThreshold, readDepth }).toEqual({ maxIo: 262_144, flushThreshold: 65_536, readDepth: 2 });
    expect(writeDepth).toBe(4);
    expect(adaptations).toBe(0);
    await handle.sync();
    expect(handle.stats().backendOther.count).toBeGreaterThan(0);
  });

  test('lesson_17: with buffering off the cursor advances and large writes work', async () => {
    const handle = await openHere('r+', { writeCapacityMax: 'off', readCapacityMax: 'off' });
    await handle.write('ab');
    await handle.write('cd');
    await handle.write(Buffer.alloc(1_000_000, 'e'));
    await handle.seek(1);
    expect((await handle.read(Buffer.alloc(4))).buffer.toString()).toBe('bcde');
    expect((await handle.read(Buffer.alloc(2))).buffer.toString()).toBe('ee');
    await handle.close();
    expect((await place.get('file')).byteLength).toBe(1_000_004);
  });

  test('P5: openFile takes a file that is open already and leaves it open when told to', async () => {
    const file = await place.storage.open('file', 'r+');
    const handle = await openFile(place.storage, file, { closeFile: false });
    await handle.write('kept', 0);
    await handle.close();
    const content = Buffer.alloc(4);
    expect([await file.read(content, 0), content.toString()]).toEqual([4, 'kept']);
    await file.close();
  });
});

test('O1: the version is that of the package', async () => {
  const { default: manifest } = (await import('../package.json', { with: { type: 'json' } })) as {
    default: { version: string };
  };
  expect(version()).toBe(manifest.version);
});
