import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ConveyorFileHandle, open } from '@libconveyor/conveyor';
import { MemoryStorage, type Storage, type StorageFile } from '@libconveyor/storage';
import { eventually, withDeadline } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gate } from './gate.ts';
import { makePlace, memoryPlace, placeKinds } from './places.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const tiny = { writeCapacityInitial: 4096, writeCapacityMax: 4096, maxDirtyMs: 1 };
/** An ArrayBuffer that can change its size; the library of this TypeScript target does not know them yet. */
type Resizable = ArrayBuffer & { resize(size: number): void };
const resizable = (size: number): Resizable =>
  new (ArrayBuffer as new (size: number, options: object) => ArrayBuffer)(size, {
    maxByteLength: 2 * size,
  }) as Resizable;

/** Takes a buffer's memory away, and frees it. */
function detach(view: Uint8Array): void {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  collectGarbage();
}

describe('buffers while an operation is pending', () => {
  const memory = new MemoryStorage();
  let gate: Gate;
  let handle: ConveyorFileHandle;

  beforeEach(async () => {
    await memoryPlace(memory).put('file', 'the bytes of a file');
    gate = new Gate(memory, ['read', 'write']);
    handle = await open(gate.storage, 'file', 'r+', tiny);
  });

  afterEach(async () => {
    gate.point.open();
    await handle.close();
    await memory.remove('file');
  });

  test.each([19, 200_000])(
    'R1: a buffer of %i bytes detached under a read: EFAULT, and nothing is written to it',
    async (size) => {
      const buffer = new Uint8Array(size);
      const reading = handle.read(buffer, 0, size, 0);
      detach(buffer);
      gate.point.open();
      await expect(reading).rejects.toMatchObject({ code: 'EFAULT', operation: 'read' });
      expect((await handle.read(Buffer.alloc(9), 0, 9, 0)).buffer.toString()).toBe('the bytes');
    },
  );

  test('W1: a buffer detached under a write: its bytes arrive as they were', async () => {
    await handle.write(Buffer.alloc(4096, 'a'), 0, 4096, 0);
    const buffer = new Uint8Array(4096).fill(98);
    const writing = handle.write(buffer, 0, 4096, 4096);
    detach(buffer);
    gate.point.open();
    expect((await writing).bytesWritten).toBe(4096);
    await handle.flush();
    expect((await memoryPlace(memory).get('file')).toString()).toBe('a'.repeat(4096) + 'b'.repeat(4096));
  });

  test('W1: a buffer overwritten under a write that waits: its bytes arrive as they were', async () => {
    await handle.write(Buffer.alloc(4096, 'a'), 0, 4096, 0);
    const buffer = new Uint8Array(4096).fill(98);
    const writing = handle.write(buffer, 0, 4096, 4096);
    buffer.fill(99);
    gate.point.open();
    await writing;
    await handle.flush();
    expect((await memoryPlace(memory).get('file')).subarray(4096).every((byte) => byte === 98)).toBe(true);
  });

  test('R1: a resizable buffer that shrinks under a read: EFAULT; one that grows is filled', async () => {
    const shrinking = resizable(16);
    const growing = resizable(8);
    const first = handle.read(new Uint8Array(shrinking), 0, 16, 0);
    const second = handle.read(new Uint8Array(growing), 0, 8, 0);
    shrinking.resize(4);
    growing.resize(16);
    gate.point.open();
    await expect(first).rejects.toMatchObject({ code: 'EFAULT' });
    expect((await second).bytesRead).toBe(8);
    expect(Buffer.from(growing).toString('latin1')).toBe(`the byte${'\0'.repeat(8)}`);
  });

  test('R1: a shared buffer is read into and written from', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(9));
    gate.point.open();
    expect((await handle.read(shared, 0, 9, 0)).bytesRead).toBe(9);
    expect(Buffer.from(shared).toString()).toBe('the bytes');
    expect((await handle.write(shared, 4, 5, 0)).bytesWritten).toBe(5);
    await handle.flush();
    expect((await memoryPlace(memory).get('file')).toString()).toBe('bytesytes of a file');
  });

  test('W8: a buffer that is detached already has no bytes', async () => {
    const buffer = new Uint8Array(8);
    detach(buffer);
    expect((await handle.write(buffer)).bytesWritten).toBe(0);
    await expect(handle.read(buffer, 0, 8)).rejects.toMatchObject({ code: 'ERR_CONVEYOR_ARG_RANGE' });
  });

  test('R1: only the promise holds on to a buffer, and it holds', async () => {
    const reading = handle.read(Buffer.alloc(9), 0, 9, 0);
    const own = handle.readv([Buffer.alloc(4), Buffer.alloc(5)], 0);
    collectGarbage();
    gate.point.open();
    expect((await reading).buffer.toString()).toBe('the bytes');
    expect((await own).buffers.map(String)).toEqual(['the ', 'bytes']);
  });
});

test('C1: requests that a call takes along do not silence what is finished later', async () => {
  await using native = await makePlace('descriptor');
  await native.put('file', Buffer.alloc(1_000_000, 'n'));
  const memory = new MemoryStorage();
  let writes = 0;
  const counting = async (...args: Parameters<Storage['open']>): Promise<StorageFile> => {
    const file = await memory.open(...args);
    const { write } = file;
    return Object.assign(file, {
      write: (...rest: Parameters<typeof write>) => write.call(file, ...rest).finally(() => writes++),
    });
  };
  const storage = Object.assign(Object.create(memory, { capabilities: { value: memory.capabilities } }), {
    open: counting,
  });
  await using slow = await open(storage, 'file', 'w+', { maxDirtyMs: 1 });
  await slow.write('x');
  // The engine's timer posts the request; no turn of the event loop takes it, these calls do.
  const calls: Promise<unknown>[] = [];
  while (writes === 0) {
    for (let i = 0; i < 100; i++) calls.push(slow.read(Buffer.alloc(1), 0, 1, 0));
    await Promise.resolve();
  }
  await Promise.all(calls);
  await using handle = await open(native.storage, 'file');
  for (let at = 900_000; at >= 0; at -= 100_000) {
    expect((await withDeadline(handle.read(Buffer.alloc(10), 0, 10, at), 'a read')).bytesRead).toBe(10);
  }
});

describe.each(placeKinds)('a handle that is forgotten (%s)', (kind) => {
  test('lesson_14: it is closed by the garbage collector, with a warning, and its bytes land', async () => {
    await using place = await makePlace(kind);
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on('warning', listen);
    await (async () => {
      const handle = await open(place.storage, 'file', 'w', { maxDirtyMs: 60_000 });
      await handle.write('forgotten');
    })();
    const isDone = async () => {
      collectGarbage();
      return (await place.get('file')).toString() === 'forgotten' && warnings.length > 0;
    };
    await eventually(isDone, 'the garbage collector');
    process.off('warning', listen);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: 'ConveyorWarning', code: 'CONVEYOR_HANDLE_ABANDONED' });
    expect(warnings[0]?.message).toContain("'file'");
  });
});

describe('a storage that does not keep its contract', () => {
  /** A storage whose file has one method replaced. */
  function lying(part: Partial<StorageFile>): Storage {
    const memory = new MemoryStorage();
    const lie = async (...args: Parameters<Storage['open']>) => Object.assign(await memory.open(...args), part);
    return Object.assign(Object.create(memory, { capabilities: { value: memory.capabilities } }), { open: lie });
  }

  test.each([[1e6], [-1], [Number.NaN], [0.5], ['8'], [undefined]])(
    'R1: a read that answers %s is EIO',
    async (answer) => {
      const handle = await open(lying({ read: async () => answer as number, size: async () => 100 }), 'file', 'w+');
      await expect(handle.read(Buffer.alloc(8), 0, 8, 0)).rejects.toMatchObject({
        code: 'EIO',
        cause: { code: 'ERR_CONVEYOR_BACKEND_CONTRACT', kind: 'contract', operation: 'read' },
      });
      await handle.close();
    },
  );

  test.each([[1e6], [0], [-1], [Number.NaN]])(
    'W3: a write that answers %s is EIO, and the bytes are kept',
    async (answer) => {
      const handle = await open(lying({ write: async () => answer }), 'file', 'w+');
      await handle.write('bytes');
      await expect(handle.flush()).rejects.toMatchObject({ code: 'EIO', offset: 0, length: 5 });
      expect((await handle.read(Buffer.alloc(5), 0, 5, 0)).buffer.toString()).toBe('bytes');
      await expect(handle.close()).rejects.toMatchObject({ code: 'EIO' });
    },
  );

  test('R1: a size that is no size is EIO', async () => {
    const handle = await open(lying({ size: async () => -5 }), 'file', 'w+');
    await expect(handle.size()).rejects.toMatchObject({
      code: 'EIO',
      cause: { code: 'ERR_CONVEYOR_BACKEND_CONTRACT' },
    });
    await handle.close();
  });

  test('W3: a method that throws instead of rejecting is an error like any other', async () => {
    const handle = await open(
      lying({
        write: () => {
          throw new Error('thrown');
        },
      }),
      'file',
      'w',
    );
    await handle.write('x');
    await expect(handle.close()).rejects.toMatchObject({ code: 'EIO', cause: { cause: { message: 'thrown' } } });
  });

  test('R1: a buffer kept and filled after the answer harms nobody', async () => {
    let kept: Uint8Array = new Uint8Array();
    const read = async (buffer: Uint8Array): Promise<number> => {
      kept = buffer;
      return buffer.fill(1).byteLength;
    };
    const handle = await open(lying({ read, size: async () => 64 }), 'file', 'w+');
    const { buffer } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    kept.fill(2);
    expect(buffer.every((byte) => byte === 1)).toBe(true);
    expect((await handle.read(Buffer.alloc(64), 0, 64, 0)).buffer.every((byte) => byte === 1)).toBe(true);
    await handle.close();
  });

  test("F5: an error of the file's own close is the error of close", async () => {
    const handle = await open(lying({ close: async () => Promise.reject(new Error('jammed')) }), 'file', 'w');
    await expect(handle.close()).rejects.toMatchObject({
      code: 'EIO',
      operation: 'close',
      cause: { cause: { message: 'jammed' } },
    });
    await handle.close();
  });
});
