import { open, openFile } from '@libconveyor/conveyor';
import { MemoryStorage, type Storage } from '@libconveyor/storage';
import { describe, expect, test } from 'vitest';

/** A storage that fails the test when anything reaches it. */
const untouched = {
  capabilities: new MemoryStorage().capabilities,
  open: () => expect.unreachable('nonsense has reached the storage'),
} as unknown as Storage;

type Options = NonNullable<Parameters<typeof open>[3]>;
const openWith = (options: object) => open(untouched, 'file', 'w', options as Options);

describe('options', () => {
  test('P1: an unknown option is refused by its name, with the nearest that exists', async () => {
    await expect(openWith({ writeCapcityMax: 65_536 })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_CONVEYOR_UNKNOWN_OPTION',
      message: "There is no option 'writeCapcityMax'; did you mean 'writeCapacityMax'?",
    });
    await expect(openWith({ turbo: true })).rejects.toThrow(/'turbo'; known are .*maxDirtyMs/);
    const file = await new MemoryStorage().open('file', 'w');
    await expect(openFile(untouched, file, { mode: 1 } as object)).rejects.toThrow(/no option 'mode'/);
    await file.close();
  });

  test.each([
    ['writeCapacityInitial', [0, -1, 1.5, Number.NaN, 2 ** 60]],
    ['writeCapacityMax', [0, -1, 0.5, Number.POSITIVE_INFINITY]],
    ['readCapacityInitial', [0, -5, 0.1]],
    ['readCapacityMax', [0, -5]],
    ['maxIo', [0, 1, 4095, 2 ** 31]],
    ['flushThreshold', [0, -1, 2 ** 31]],
    ['tickMs', [0, -1, 2 ** 40]],
    ['readDepth', [0, 65, -1]],
    ['writeDepth', [0, 65, 1.5]],
    ['readAlign', [0, -1]],
    ['maxDirtyMs', [0, -1, 2 ** 40]],
    ['writeTimeoutMs', [0, -1]],
    ['readTimeoutMs', [0, 2 ** 33]],
    ['flushTimeoutMs', [0, -1]],
    ['retryDeadlineMs', [0, -1]],
    ['largeWrite', ['chop', 1, true]],
    ['durability', ['hope', 0]],
  ] as const)('W6: %s out of its range is a RangeError that names it', async (name, values) => {
    for (const value of values) {
      const refused = { name: 'RangeError', code: 'ERR_CONVEYOR_ARG_RANGE' };
      await expect(openWith({ [name]: value }), String(value)).rejects.toMatchObject(refused);
      await expect(openWith({ [name]: value })).rejects.toThrow(`options.${name} must be`);
    }
  });

  test('W6: a wrong type is a TypeError that names the option', async () => {
    const wrong = [
      ['maxIo', '64k'],
      ['readDepth', null],
      ['writeCapacityMax', 'none'],
      ['nonblocking', 1],
      ['adaptive', 'yes'],
      ['keepUntilSync', 'yes'],
    ] as const;
    for (const [name, value] of wrong) {
      await expect(openWith({ [name]: value }), name).rejects.toMatchObject({ code: 'ERR_CONVEYOR_ARG_TYPE' });
      await expect(openWith({ [name]: value }), name).rejects.toThrow(`options.${name} must be`);
    }
    await expect(openWith([])).rejects.toThrow(/must be an object/);
  });

  test('W6: an initial capacity above the maximum is refused', async () => {
    await expect(openWith({ writeCapacityInitial: 131_072, writeCapacityMax: 65_536 })).rejects.toThrow(
      'options.writeCapacityInitial must be at most options.writeCapacityMax (65536), got 131072',
    );
  });

  test('W6: what is larger than the memory of the process is refused, in words', async () => {
    await expect(open(new MemoryStorage(), 'file', 'w', { writeCapacityMax: 2 ** 40 })).rejects.toMatchObject({
      code: 'EINVAL',
      detail: 'a capacity or maxIo does not fit into the memory budget of the process',
    });
  });

  test('P5: flags that contradict each other never reach the storage', async () => {
    await expect(open(untouched, 'file', 'rw' as 'r')).rejects.toMatchObject({ code: 'ERR_CONVEYOR_ARG_RANGE' });
    await expect(open(untouched, 'file', 3)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('F10: what this version lacks is refused, not ignored', async () => {
    const storage = new MemoryStorage();
    await expect(open(storage, 'file', 'w', { durability: 'staged' })).rejects.toMatchObject({ code: 'ENOTSUP' });
    await expect(openWith({ journalPath: '/tmp/journal' })).rejects.toThrow(/no option 'journalPath'/);
  });

  test('P5: what the storage refuses comes out as it is; what the engine refuses is closed', async () => {
    const storage = new MemoryStorage();
    await expect(open(storage, 'missing', 'r')).rejects.toMatchObject({ code: 'ENOENT', origin: 'storage-memory' });
    await expect(open(storage, 'file', 'w', { mode: -1 })).rejects.toMatchObject({ code: 'ERR_CONVEYOR_ARG_RANGE' });
    let closes = 0;
    const seen: Storage = Object.create(storage, {
      open: {
        value: async (...args: Parameters<Storage['open']>) => {
          const file = await storage.open(...args);
          return Object.create(file, {
            path: { value: file.path },
            flags: { value: file.flags },
            fd: { value: undefined },
            close: { value: () => file.close().then(() => closes++) },
          });
        },
      },
      capabilities: { value: storage.capabilities },
    });
    await expect(open(seen, 'file', 'w', { durability: 'staged' })).rejects.toMatchObject({ code: 'ENOTSUP' });
    expect(closes).toBe(1);
  });
});

describe('arguments', () => {
  test('W8: nonsense is refused with the argument named, and changes nothing', async () => {
    await using storage = new MemoryStorage();
    await using handle = await open(storage, 'file', 'w+');
    await handle.write('content');
    const buffer = Buffer.alloc(8);
    const range = { name: 'RangeError', code: 'ERR_CONVEYOR_ARG_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_CONVEYOR_ARG_TYPE' };
    const nonsense: [() => Promise<unknown>, object][] = [
      [() => handle.read(buffer, -1), range],
      [() => handle.read(buffer, 9), range],
      [() => handle.read(buffer, 0, 9), range],
      [() => handle.read(buffer, 4, 5), range],
      [() => handle.read(buffer, 0, -1), range],
      [() => handle.read(buffer, 0, 1.5), range],
      [() => handle.read(buffer, 0, 1, -2), range],
      [() => handle.read(buffer, 0, 1, 2 ** 53), range],
      [() => handle.read(buffer, 0, 1, 2n ** 62n), range],
      [() => handle.read(buffer, 0, 1, Number.NaN), range],
      [() => handle.read(buffer, 0, 1, '0' as unknown as number), type],
      [() => handle.read('text' as unknown as Buffer), type],
      [() => handle.read({ buffer: [] } as object), type],
      [() => handle.read(buffer, { signal: {} as AbortSignal }), type],
      [() => handle.read(buffer, { where: 1 } as object), { code: 'ERR_CONVEYOR_UNKNOWN_OPTION' }],
      [() => handle.write(undefined as unknown as string), type],
      [() => handle.write(7 as unknown as string), type],
      [() => handle.write({} as string), type],
      [() => handle.write('x', -3), range],
      [() => handle.write('x', 0, 'utf9' as 'utf8'), range],
      [() => handle.write(buffer, 3, 6), range],
      [() => handle.readv(buffer as unknown as Buffer[]), type],
      [() => handle.readv(['x'] as unknown as Buffer[]), type],
      [() => handle.writev(undefined as unknown as Buffer[]), type],
      [() => handle.writeFile(7 as unknown as string), type],
      [() => handle.writeFile([7] as unknown as string[]), type],
      [() => handle.readFile('utf9' as 'utf8'), range],
      [() => handle.seek(0.5), range],
      [() => handle.seek(0, 'middle' as 'start'), range],
      [() => handle.truncate(-1), range],
      [() => handle.truncate('1' as unknown as number), type],
      [() => handle.chmod(-1), range],
      [() => handle.utimes(Number.NaN, 1), type],
      [() => handle.flush({ timeout: 1 } as object), { code: 'ERR_CONVEYOR_UNKNOWN_OPTION' }],
    ];
    for (const [call, refused] of nonsense) await expect(call(), String(call)).rejects.toMatchObject(refused);
    expect(() => handle.prefetch(-1, 1)).toThrow(expect.objectContaining(range));
    expect((await handle.read(buffer, 0, 8, 0)).bytesRead).toBe(7);
    expect(await handle.seek(0, 'current')).toBe(7);
  });
});
