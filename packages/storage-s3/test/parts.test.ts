import { describe, expect, test } from 'vitest';
import { PartMemory } from '../src/part-memory.ts';
import { objectBytesMax, PartPlan, partsMax } from '../src/part-plan.ts';
import { combinedCrc32, crc32 } from '../src/protocol/crc32.ts';
import { contentOf, create, isSame, partBytes, pattern, World } from './world.ts';

const mib = 2 ** 20;

describe('parts', () => {
  test('no length up to 5 TiB needs more than 10,000, and none is larger than 5 GiB', () => {
    const plan = new PartPlan({ firstBytes: 8 * mib, step: 1000 });
    const last = plan.partOf(objectBytesMax - 1);
    expect(last.index).toBeLessThan(partsMax);
    expect(last.length).toBeLessThanOrEqual(5 * 1024 * mib);
    let end = 0;
    let count = 0;
    for (const { index, offset, length } of plan.parts(0, objectBytesMax)) {
      if (index !== count || offset !== end)
        throw new Error(`part ${index} at ${offset} instead of ${count} at ${end}`);
      end = offset + length;
      count++;
    }
    expect(end).toBeGreaterThanOrEqual(objectBytesMax);
    expect(count).toBe(9282);
  });

  test('each is found from any byte of it', () => {
    const plan = new PartPlan({ firstBytes: 10, step: 3 });
    expect([0, 9, 10, 29, 30, 49, 50, 89, 90, 129].map((offset) => plan.partOf(offset).index)).toEqual([
      0, 0, 1, 2, 3, 3, 4, 5, 6, 6,
    ]);
  });

  test('the checksum of two pieces together comes from theirs', () => {
    for (const cut of [0, 1, 999, 70_000, 100_000]) {
      const bytes = pattern(100_000);
      const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(combinedCrc32(crc32(first), crc32(second), second.byteLength)).toBe(crc32(bytes));
    }
  });

  test('what is not rewritten is copied on the server, and only what changed is sent', async () => {
    await using world = await World.start({ partLengthMin: 5 * mib });
    const storage = await world.connect({ partBytes: 8 * mib });
    const bytes = pattern(40 * mib + 7);
    await create(storage, '/a', bytes);
    world.mock.resetStats();
    const file = await storage.open('/a', 'r+');
    bytes.set(pattern(1000, 9), 20 * mib);
    await file.write(pattern(1000, 9), 20 * mib);
    await file.close();
    // One of the parts, an empty one, has asked what the endpoint makes of conditions.
    expect(world.mock.stats.byOperation).toMatchObject({ UploadPart: 2, UploadPartCopy: 2 });
    expect(world.mock.stats.bytesReceived).toBeLessThan(9 * mib);
    expect(isSame(await contentOf(storage, '/a'), bytes)).toBe(true);
  });

  test('a small object is one PUT', async () => {
    await using world = await World.start();
    const storage = await world.connect({ partBytes: 8 * mib, directories: false });
    world.mock.resetStats();
    await create(storage, '/a', pattern(100_000));
    expect(world.mock.stats.byOperation).toMatchObject({ PutObject: 1 });
    expect(world.mock.stats.byOperation.CreateMultipartUpload).toBeUndefined();
  });

  test('parts are on their way at once, and memory for them is bounded', async () => {
    await using world = await World.start({ latencyMs: 5 });
    const storage = await world.connect({ partsParallel: 4, memoryBytes: 4 * partBytes });
    const file = await storage.open('/a', 'w');
    const bytes = pattern(64 * partBytes);
    for (let offset = 0; offset < bytes.byteLength; offset += 100_000) {
      await file.write(bytes.subarray(offset, offset + 100_000), offset);
    }
    await file.close();
    expect(world.mock.stats.inFlightMax).toBeGreaterThan(2);
    expect(world.mock.stats.inFlightMax).toBeLessThanOrEqual(5);
    expect(isSame(await contentOf(storage, '/a'), bytes)).toBe(true);
  });

  test('parts leave while those that have left wait for answers: as many again as are sent at once', async () => {
    await using world = await World.start();
    const storage = await world.connect({ partsParallel: 3 });
    const bytes = pattern(20 * partBytes);
    world.mock.faults.setPlan([{ operation: 'UploadPart', fault: { kind: 'stall', when: 'before' } }]);
    const file = await storage.open('/a', 'w');
    await file.write(bytes, 0);
    await world.mock.faults.awaitStalled(6);
    world.mock.faults.setPlan([]);
    world.mock.faults.release();
    await file.close();
    expect(world.mock.stats.inFlightMax).toBe(6);
    expect(isSame(await contentOf(storage, '/a'), bytes)).toBe(true);
  });

  test('bytes that memory gave up can be read and rewritten from disk; without that they are ENOTSUP', async () => {
    await using world = await World.start();
    const bytes = pattern(20 * partBytes);
    for (const spool of ['disk', 'none'] as const) {
      const storage = await world.connect({ partBytes, memoryBytes: partBytes, spool });
      const file = await storage.open('/a', 'w+');
      for (let offset = 0; offset < bytes.byteLength; offset += partBytes) {
        await file.write(bytes.subarray(offset, offset + partBytes), offset);
      }
      const change = file.write(pattern(10, 5), 5 * partBytes + 7);
      if (spool === 'none') {
        await expect(change).rejects.toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('spool') });
      } else {
        await change;
        bytes.set(pattern(10, 5), 5 * partBytes + 7);
        const found = new Uint8Array(bytes.byteLength);
        expect(await file.read(found, 0)).toBe(bytes.byteLength);
        expect(isSame(found, bytes)).toBe(true);
      }
      await file.close();
      if (spool === 'disk') expect(isSame(await contentOf(storage, '/a'), bytes)).toBe(true);
    }
  });

  test('a completion that answers 200 with an error is an error', async () => {
    await using world = await World.start();
    const storage = await world.connect({ attemptsMax: 2 });
    world.mock.faults.setPlan([{ operation: 'CompleteMultipartUpload', fault: { kind: 'completion-error' } }]);
    await expect(create(storage, '/a', pattern(300_000))).rejects.toMatchObject({ code: 'EIO', retry: 'exhausted' });
    world.mock.faults.setPlan([]);
    expect(await contentOf(storage, '/a')).toBeUndefined();
  });
});

test('of two who append at once one is ESTALE, and what the other has committed stays', async () => {
  await using world = await World.start();
  const storage = await world.connect();
  await create(storage, '/log', pattern(100));
  const [one, other] = [await storage.open('/log', 'a'), await storage.open('/log', 'a')];
  await one.append(pattern(10, 2));
  await other.append(pattern(20, 3));
  await one.close();
  await expect(other.close()).rejects.toMatchObject({ code: 'ESTALE' });
  const both = Buffer.concat([pattern(100), pattern(10, 2)]);
  expect(isSame(await contentOf(storage, '/log'), both)).toBe(true);
  await using again = await storage.open('/log', 'a');
  await again.append(pattern(20, 3));
  await again.sync();
  expect(isSame(await contentOf(storage, '/log'), Buffer.concat([both, pattern(20, 3)]))).toBe(true);
});

describe('memory for parts', () => {
  test('is used again, and given up when the storage is closed', () => {
    const memory = new PartMemory(4 * mib);
    const block = memory.block(mib);
    memory.release(block);
    expect(memory.bytesFree).toBe(mib);
    expect(memory.block(mib) === block).toBe(true);
    memory.release(block);
    memory.close();
    memory.release(memory.block(mib));
    expect(memory.bytesFree).toBe(0);
  });
});

describe('requests', () => {
  test('slow down is heeded: the wait that the server asks for is waited', async () => {
    await using world = await World.start();
    const waits: number[] = [];
    const clock = { nowMs: () => 0, sleep: async (delayMs: number) => void waits.push(delayMs) };
    const storage = await world.connect({ clock, retryDelayMs: 100 });
    const fault = { kind: 'error', code: 'SlowDown', retryAfterSeconds: 7 } as const;
    world.mock.faults.setPlan([{ operation: 'HeadObject', times: 2, fault }]);
    await expect(storage.stat('/a')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(waits).toEqual([7000, 7000]);
  });

  test('an abort ends a request that is stalled', async () => {
    await using world = await World.start();
    const storage = await world.connect();
    world.mock.faults.setPlan([{ operation: 'HeadObject', fault: { kind: 'stall', when: 'before' } }]);
    const controller = new AbortController();
    const failed = expect(storage.stat('/a', { signal: controller.signal })).rejects.toMatchObject({
      code: 'ECANCELED',
    });
    await world.mock.faults.awaitStalled();
    controller.abort();
    await failed;
  });

  test('opening and reading a small object is one request', async () => {
    await using world = await World.start();
    const storage = await world.connect();
    await create(storage, '/a', pattern(10_000));
    world.mock.resetStats();
    expect(isSame(await contentOf(storage, '/a'), pattern(10_000))).toBe(true);
    expect(world.mock.stats.byOperation).toEqual({ GetObject: 1 });
  });
});
