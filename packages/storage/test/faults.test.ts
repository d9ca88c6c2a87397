import { describe, expect, test } from 'vitest';
import { type FaultPlan, type FaultyStorage, MemoryStorage, type StorageFile, withFaults } from '../src/index.ts';

const ten = Uint8Array.from({ length: 10 }, (_, index) => index + 1);

/** A file that holds {@link ten}, and the same file seen through the faults. */
async function faultyFile(plan: FaultPlan, seed?: number) {
  const memory = new MemoryStorage();
  const honest = await memory.open('file', 'w+');
  await honest.write(ten, 0);
  const storage: FaultyStorage = withFaults(memory, plan, seed);
  return { storage, honest, file: await storage.open('file', 'r+') };
}

async function bytesOf(file: StorageFile): Promise<number[]> {
  const bytes = new Uint8Array(await file.size());
  await file.read(bytes, 0);
  return [...bytes];
}

describe('withFaults', () => {
  test('an error before the effect: nothing has happened', async () => {
    const { file, honest } = await faultyFile([{ operation: 'write', fault: { kind: 'error', code: 'ENOSPC' } }]);
    await expect(file.write(ten, 10)).rejects.toMatchObject({
      code: 'ENOSPC',
      kind: 'no-space',
      origin: 'with-faults',
      operation: 'write',
      path: 'file',
      offset: 10,
      length: 10,
      retry: 'never',
    });
    expect(await honest.size()).toBe(10);
  });

  test('an error after the effect: all of it has happened', async () => {
    const fault = { kind: 'error', code: 'EIO', when: 'after', retry: 'safe' } as const;
    const { file, honest } = await faultyFile([{ operation: 'write', fault }]);
    await expect(file.write(ten, 10)).rejects.toMatchObject({ code: 'EIO', retry: 'safe' });
    expect(await honest.size()).toBe(20);
  });

  test('an error partway: a part of the bytes', async () => {
    const fault = { kind: 'error', code: 'EIO', when: 'partway', bytes: 3 } as const;
    const { file, honest } = await faultyFile([{ operation: ['write', 'read'], fault }]);
    await expect(file.write(ten, 10)).rejects.toMatchObject({ code: 'EIO' });
    expect(await honest.size()).toBe(13);
    const buffer = new Uint8Array(10);
    await expect(file.read(buffer, 0)).rejects.toMatchObject({ code: 'EIO' });
    expect([...buffer.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect([...buffer.subarray(3)]).not.toEqual([4, 5, 6, 7, 8, 9, 10]);
  });

  test('partway without a count is half', async () => {
    const fault = { kind: 'error', code: 'EIO', when: 'partway' } as const;
    const { file, honest } = await faultyFile([{ operation: 'write', fault }]);
    await expect(file.write(ten, 10)).rejects.toMatchObject({ code: 'EIO' });
    expect(await honest.size()).toBe(15);
  });

  test('a stall lasts until it is released', async () => {
    const { storage, file, honest } = await faultyFile([{ operation: 'write', times: 2, fault: { kind: 'stall' } }]);
    const writes = [file.write(ten, 10), file.write(ten, 20)];
    await storage.faults.awaitStalled(2);
    expect(storage.faults.stalledCount).toBe(2);
    expect(await honest.size()).toBe(10);
    storage.faults.release();
    expect(await Promise.all(writes)).toEqual([10, 10]);
    expect(storage.faults.stalledCount).toBe(0);
    expect(await honest.size()).toBe(30);
  });

  test('a stall ends with its signal', async () => {
    const { storage, file, honest } = await faultyFile([{ operation: 'write', fault: { kind: 'stall' } }]);
    const controller = new AbortController();
    const writing = file.write(ten, 10, { signal: controller.signal });
    await storage.faults.awaitStalled();
    controller.abort();
    await expect(writing).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(storage.faults.stalledCount).toBe(0);
    expect(await honest.size()).toBe(10);
  });

  test.each([11, 3, 0, Number.NaN, -1])('a lie: %d bytes', async (count) => {
    const { file } = await faultyFile([{ operation: ['read', 'write'], fault: { kind: 'count', count } }]);
    expect(await file.read(new Uint8Array(10), 0)).toBe(count);
    expect(await file.write(ten, 0)).toBe(count);
  });

  test('a lie: written, and nothing there', async () => {
    const { file, honest } = await faultyFile([{ operation: 'write', fault: { kind: 'lost' } }]);
    expect(await file.write(ten, 10)).toBe(10);
    expect(await honest.size()).toBe(10);
  });

  test.each(['read', 'write'] as const)('a lie: one bit is wrong after a %s', async (operation) => {
    const { file, honest } = await faultyFile([{ operation, nth: 1, fault: { kind: 'flip' } }]);
    const buffer = Uint8Array.from(ten);
    if (operation === 'read') await file.read(buffer, 0);
    else await file.write(buffer, 0);
    const seen = operation === 'read' ? [...buffer] : await bytesOf(honest);
    const wrong = seen.map((byte, index) => byte ^ (ten[index] ?? 0)).filter((bits) => bits !== 0);
    expect(wrong).toHaveLength(1);
    expect(Math.log2(wrong[0] ?? 0) % 1).toBe(0);
    if (operation === 'write') expect([...buffer]).toEqual([...ten]);
  });

  test('nth, times and path choose the calls', async () => {
    const error = { kind: 'error', code: 'EIO' } as const;
    const plan: FaultPlan = [
      { operation: 'stat', path: 'one', nth: 2, fault: error },
      { operation: 'stat', path: /^t/g, times: 2, fault: error },
    ];
    const memory = new MemoryStorage();
    for (const name of ['one', 'two', 'three']) await (await memory.open(name, 'w')).close();
    const storage = withFaults(memory, plan);
    const outcomes: string[] = [];
    for (const name of ['one', 'one', 'one', 'two', 'three', 'two']) {
      outcomes.push(
        await storage.stat(name).then(
          () => 'ok',
          (thrown: { code: string }) => thrown.code,
        ),
      );
    }
    expect(outcomes).toEqual(['ok', 'EIO', 'ok', 'EIO', 'EIO', 'ok']);
    expect(storage.faults.injected.map(({ path }) => path)).toEqual(['one', 'two', 'three']);
  });

  test('the first rule that strikes is the only one', async () => {
    const { file } = await faultyFile([
      { operation: 'write', nth: 2, fault: { kind: 'error', code: 'ENOSPC' } },
      { operation: 'write', fault: { kind: 'error', code: 'EIO' } },
    ]);
    await expect(file.write(ten, 0)).rejects.toMatchObject({ code: 'EIO' });
    await expect(file.write(ten, 0)).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  test('the same seed strikes the same calls', async () => {
    const outcomes = async (seed: number) => {
      const plan: FaultPlan = [{ operation: 'read', probability: 0.3, fault: { kind: 'error', code: 'EIO' } }];
      const { file } = await faultyFile(plan, seed);
      let pattern = '';
      for (let index = 0; index < 200; index++) {
        pattern += await file.read(new Uint8Array(1), 0).then(
          () => '.',
          () => 'x',
        );
      }
      return pattern;
    };
    const first = await outcomes(5);
    expect(await outcomes(5)).toBe(first);
    expect(await outcomes(6)).not.toBe(first);
    const struck = first.replaceAll('.', '').length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(90);
  });

  test('close closes, whatever it says', async () => {
    const { file } = await faultyFile([{ operation: 'close', path: 'file', fault: { kind: 'error', code: 'EIO' } }]);
    await expect(file.close()).rejects.toMatchObject({ code: 'EIO' });
    await expect(file.close()).rejects.toMatchObject({ code: 'EIO' });
    await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('a list that fails fails at its beginning', async () => {
    const storage = withFaults(new MemoryStorage(), [{ operation: 'list', fault: { kind: 'error', code: 'EACCES' } }]);
    const listing = storage.list('/')[Symbol.asyncIterator]();
    await expect(listing.next()).rejects.toMatchObject({ code: 'EACCES' });
  });

  test.each([
    ['nothing', undefined],
    ['an empty rule', [{}]],
    ['an unknown kind', [{ fault: { kind: 'magic' } }]],
    ['an unknown errno', [{ fault: { kind: 'error', code: 'EWHAT' } }]],
    ['an unknown operation', [{ operation: 'reed', fault: { kind: 'stall' } }]],
    ['a word too much', [{ fault: { kind: 'stall', forMs: 3 } }]],
    ['bytes of a whole error', [{ fault: { kind: 'error', code: 'EIO', bytes: 3 } }]],
    ['a lie about a stat', [{ operation: 'stat', fault: { kind: 'flip' } }]],
    ['a lie about everything', [{ fault: { kind: 'lost' } }]],
    ['a partway stat', [{ operation: 'stat', fault: { kind: 'error', code: 'EIO', when: 'partway' } }]],
    ['nth 0', [{ nth: 0, fault: { kind: 'stall' } }]],
    ['a probability of 2', [{ probability: 2, fault: { kind: 'stall' } }]],
    ['a path of 3', [{ path: 3, fault: { kind: 'stall' } }]],
  ])('a plan with %s is refused', (_, plan) => {
    expect(() => withFaults(new MemoryStorage(), plan as never)).toThrow(/plan|no option/);
  });
});
