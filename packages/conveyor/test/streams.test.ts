import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, Readable, Transform } from 'node:stream';
import { buffer as collect, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { open } from '@libconveyor/conveyor';
import { MemoryStorage, withFaults } from '@libconveyor/storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gate } from './gate.ts';
import { makePlace, memoryPlace, type Place, placeKinds } from './places.ts';

const content = Buffer.alloc(1_000_003, 'bytes in a stream. ');
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each(placeKinds)('%s', (kind) => {
  let place: Place;

  beforeEach(async () => {
    place = await makePlace(kind);
    await place.put('source', content);
  });

  afterEach(() => place[Symbol.asyncDispose]());

  test('R1: createReadStream gives the whole file and closes the handle', async () => {
    const handle = await open(place.storage, 'source');
    const stream = handle.createReadStream();
    expect(hashOf(await collect(stream))).toBe(hashOf(content));
    expect(stream.bytesRead).toBe(content.byteLength);
    await expect(handle.size()).rejects.toMatchObject({ code: 'EBADF', kind: 'closed' });
  });

  test('R1: start and end are inclusive, start leaves the cursor alone, autoClose the handle', async () => {
    await using handle = await open(place.storage, 'source');
    const part = handle.createReadStream({ start: 6, end: 7, autoClose: false, encoding: 'latin1' });
    expect(await text(part)).toBe('in');
    expect(await text(handle.createReadStream({ end: 4, autoClose: false }))).toBe('bytes');
    expect(await text(handle.createReadStream({ end: 2, autoClose: false, highWaterMark: 2 }))).toBe(' in');
    expect(await text(handle.createReadStream({ start: content.byteLength, autoClose: false }))).toBe('');
    expect(await handle.seek(0, 'current')).toBe(8);
  });

  test('W1: a pipeline with a transform between two handles', async () => {
    const source = await open(place.storage, 'source');
    const target = await open(place.storage, 'target', 'w', { writeCapacityMax: 65_536 });
    const upper = new Transform({
      transform: (chunk, _encoding, callback) => callback(null, chunk.toString('latin1').toUpperCase()),
    });
    await pipeline(source.createReadStream({ highWaterMark: 10_000 }), upper, target.createWriteStream());
    expect((await place.get('target')).equals(Buffer.from(content.toString('latin1').toUpperCase()))).toBe(true);
  });

  test('F1: finish means landed, with the handle still open when autoClose is false', async () => {
    await using handle = await open(place.storage, 'target', 'w', { maxDirtyMs: 60_000 });
    const stream = handle.createWriteStream({ start: 3, autoClose: false });
    stream.write('abc');
    stream.cork();
    stream.write('de');
    stream.write(Buffer.from('f'));
    stream.end('616263', 'hex');
    await once(stream, 'finish');
    expect((await place.get('target')).toString('latin1')).toBe('\x00\x00\x00abcdefabc');
    expect([stream.bytesWritten, await handle.seek(0, 'current')]).toEqual([9, 0]);
  });

  test('W6: write says when to wait, and drain when to go on', async () => {
    const handle = await open(place.storage, 'target', 'w');
    const stream = handle.createWriteStream({ highWaterMark: 10 });
    expect(stream.write('0123456789')).toBe(false);
    await once(stream, 'drain');
    stream.end();
    await once(stream, 'close');
    expect((await place.get('target')).toString()).toBe('0123456789');
  });

  test('F5: closing the handle destroys its streams', async () => {
    const handle = await open(place.storage, 'source');
    const stream = handle.createReadStream();
    const closed = once(stream, 'close');
    await handle.close();
    await closed;
    expect(stream.destroyed).toBe(true);
  });

  test('F9: an aborted signal destroys the stream with an AbortError', async () => {
    await using handle = await open(place.storage, 'source');
    const late = handle.createReadStream({ signal: AbortSignal.abort(), autoClose: false });
    await expect(collect(late)).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const stream = handle.createReadStream({ signal: controller.signal, autoClose: false });
    stream.once('data', () => controller.abort());
    await expect(collect(stream)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('R1: readableWebStream gives bytes to default and to BYOB readers', async () => {
    await using handle = await open(place.storage, 'source');
    expect(hashOf(await collect(handle.readableWebStream() as unknown as Readable))).toBe(hashOf(content));
    await handle.seek(0);
    const reader = handle.readableWebStream().getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(5));
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('bytes');
    await reader.cancel();
  });

  test('F5: readableWebStream closes the handle at the end or when cancelled, if it is to', async () => {
    const first = await open(place.storage, 'source');
    await collect(first.readableWebStream({ autoClose: true }) as unknown as Readable);
    await expect(first.size()).rejects.toMatchObject({ code: 'EBADF' });
    const second = await open(place.storage, 'source');
    await second.readableWebStream({ autoClose: true }).cancel();
    await expect(second.size()).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('F1: writableWebStream lands everything when it is closed', async () => {
    const handle = await open(place.storage, 'target', 'w', { maxDirtyMs: 60_000 });
    const source = await open(place.storage, 'source');
    await source.readableWebStream({ autoClose: true }).pipeTo(handle.writableWebStream());
    expect(hashOf(await place.get('target'))).toBe(hashOf(content));
    const writer = handle.writableWebStream({ start: 1, autoClose: true }).getWriter();
    await writer.write('xy');
    await writer.write(new Uint8Array([90]).buffer);
    await writer.close();
    expect((await place.get('target')).subarray(0, 5).toString()).toBe('bxyZs');
  });

  test('W8: nonsense in the options is refused at once', async () => {
    await using handle = await open(place.storage, 'source');
    expect(() => handle.createReadStream({ start: -1 })).toThrow(/options.start must be/);
    expect(() => handle.createReadStream({ start: 5, end: 4 })).toThrow(
      'options.start must be at most options.end (4)',
    );
    expect(() => handle.createReadStream({ highWaterMark: 0 })).toThrow(/highWaterMark must be/);
    expect(() => handle.createReadStream({ from: 1 } as object)).toThrow("There is no option 'from'");
    expect(() => handle.createWriteStream({ end: 1 } as object)).toThrow("There is no option 'end'");
    expect(() => handle.createWriteStream({ flush: 1 } as object)).toThrow(/options.flush must be a boolean/);
    expect(() => handle.readableWebStream({ type: 'bytes' } as object)).toThrow("There is no option 'type'");
    expect(() => handle.writableWebStream({ start: 1.5 })).toThrow(/options.start must be/);
  });
});

describe('streams on a storage that fails', () => {
  test('F8: a write behind that fails is an error of the stream', async () => {
    const storage = withFaults(new MemoryStorage(), [{ operation: 'write', fault: { kind: 'error', code: 'ENOSPC' } }]);
    const handle = await open(storage, 'file', 'w');
    const stream = handle.createWriteStream();
    await expect(pipeline(Readable.from([Buffer.alloc(10)]), stream)).rejects.toMatchObject({
      code: 'ENOSPC',
      offset: 0,
    });
  });

  test('R5: a read that fails is an error of the stream', async () => {
    const memory = new MemoryStorage();
    await memoryPlace(memory).put('file', 'content');
    const storage = withFaults(memory, [{ operation: 'read', fault: { kind: 'error', code: 'EIO' } }]);
    const handle = await open(storage, 'file');
    await expect(pipeline(handle.createReadStream(), new PassThrough())).rejects.toMatchObject({ code: 'EIO' });
  });

  test('F6: destroying a stream gives up the read that it waits for', async () => {
    const memory = new MemoryStorage();
    await memoryPlace(memory).put('file', 'content');
    const gate = new Gate(memory, ['read']);
    const handle = await open(gate.storage, 'file');
    const stream = handle.createReadStream({ autoClose: false });
    stream.resume();
    await gate.point.awaitArrivals();
    stream.destroy();
    await once(stream, 'close');
    gate.point.open();
    await handle.close();
  });
});
