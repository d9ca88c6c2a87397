import { open } from '@libconveyor/conveyor';
import { ConveyorError } from '@libconveyor/errors';
import { type FaultPlan, MemoryStorage, withFaults } from '@libconveyor/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { Gate } from './gate.ts';
import { memoryPlace } from './places.ts';

const noSpace = { kind: 'error', code: 'ENOSPC' } as const;

describe('errors behind the caller', () => {
  const memory = new MemoryStorage();

  afterEach(async () => {
    await memory.remove('file').catch(() => undefined);
  });

  async function openFaulty(plan: FaultPlan, options: Parameters<typeof open>[3] = {}) {
    const storage = withFaults(memory, plan);
    const handle = await open(storage, 'file', 'w+', options);
    return { faults: storage.faults, handle, place: memoryPlace(memory, storage) };
  }

  test('F4: a permanent error is sticky for everything that lands bytes, and reading goes on', async () => {
    const { handle } = await openFaulty([{ operation: 'write', times: 1, fault: noSpace }]);
    await handle.write('lost?');
    const sticky = { code: 'ENOSPC', kind: 'no-space', path: 'file', offset: 0, length: 5 };
    await expect(handle.flush()).rejects.toMatchObject({ ...sticky, operation: 'flush' });
    await expect(handle.write('more')).rejects.toMatchObject({ ...sticky, operation: 'write' });
    await expect(handle.writev([Buffer.from('more')])).rejects.toMatchObject({ ...sticky, operation: 'writev' });
    await expect(handle.writeFile('more')).rejects.toMatchObject({ ...sticky, operation: 'writeFile' });
    await expect(handle.sync()).rejects.toMatchObject({ ...sticky, operation: 'sync' });
    expect((await handle.read(Buffer.alloc(5), 0, 5, 0)).buffer.toString()).toBe('lost?');
    handle.clearError();
    await handle.close();
  });

  test('F8: the error names its byte range and has the error of the storage as its cause', async () => {
    const plan: FaultPlan = [{ operation: 'write', fault: { kind: 'error', code: 'EDQUOT' } }];
    const { handle } = await openFaulty(plan, { maxIo: 4096 });
    await handle.write(Buffer.alloc(100), 0, 100, 10_000);
    const error = (await handle.flush().catch((thrown) => thrown)) as ConveyorError;
    expect(error).toBeInstanceOf(ConveyorError);
    expect(error).toMatchObject({ code: 'EDQUOT', offset: 10_000, length: 100, origin: 'engine', retry: 'never' });
    expect(error.message).toContain('bytes 10000-10099');
    expect(error.cause).toMatchObject({ code: 'EDQUOT', origin: 'with-faults', operation: 'write' });
    expect(handle.lastError).toMatchObject({ code: 'EDQUOT', offset: 10_000, length: 100 });
    await expect(handle.close()).rejects.toMatchObject({
      code: 'EDQUOT',
      operation: 'close',
      offset: 10_000,
      length: 100,
    });
    expect(handle.lastError).toBeUndefined();
  });

  test('lesson_13: nothing is dropped by a failure; clearError lands the very bytes', async () => {
    const { handle, place } = await openFaulty([{ operation: 'write', times: 1, fault: noSpace }], { maxIo: 4096 });
    for (let i = 0; i < 20; i++) await handle.write(Buffer.alloc(1000, i)).catch(() => undefined);
    await expect(handle.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    handle.clearError();
    await handle.flush();
    expect(handle.lastError).toBeUndefined();
    await handle.close();
    const content = await place.get('file');
    for (let i = 0; i * 1000 < content.byteLength; i++) {
      expect(
        content.subarray(i * 1000, (i + 1) * 1000).every((byte) => byte === i),
        `piece ${i}`,
      ).toBe(true);
    }
    expect(content.byteLength).toBeGreaterThanOrEqual(1000);
  });

  test('F3: transient errors are retried and counted, and nobody hears of them', async () => {
    const fault = { kind: 'error', code: 'ECONNRESET', retry: 'safe' } as const;
    const { handle, place } = await openFaulty([{ operation: 'write', times: 2, fault }]);
    await handle.write('stubborn');
    await handle.flush();
    expect(handle.stats().retries).toBeGreaterThanOrEqual(2);
    await handle.close();
    expect((await place.get('file')).toString()).toBe('stubborn');
  });

  test('lesson_15: an error without errno is a failure, EINTR is none', async () => {
    const interrupted = { kind: 'error', code: 'EINTR' } as const;
    const { handle } = await openFaulty([{ operation: 'read', times: 1, fault: interrupted }]);
    await handle.write('abc');
    await handle.flush();
    handle.invalidate();
    expect((await handle.read(Buffer.alloc(3), 0, 3, 0)).bytesRead).toBe(3);
    await handle.close();

    const strange = new Error('the cable is wet');
    const storage = Object.create(memory, { capabilities: { value: memory.capabilities } });
    storage.open = async (...args: Parameters<typeof memory.open>) => {
      const file = await memory.open(...args);
      file.write = () => Promise.reject(strange);
      return file;
    };
    const broken = await open(storage, 'file', 'w');
    await broken.write('x');
    await expect(broken.close()).rejects.toMatchObject({ code: 'EIO', cause: { code: 'EIO', cause: strange } });
  });

  test('lesson_14: close without a result is not there: it rejects when bytes could not land', async () => {
    const { handle } = await openFaulty([{ operation: 'write', fault: noSpace }]);
    for (let i = 0; i < 100; i++) await handle.write('accepted').catch(() => undefined);
    await expect(handle.close()).rejects.toMatchObject({ code: 'ENOSPC' });
    await handle.close();
  });

  test('lesson_16: nothing is accepted after close, and the refusal has its code', async () => {
    const { handle, place } = await openFaulty([]);
    await handle.write('before');
    const closing = handle.close();
    await expect(handle.write('after')).rejects.toMatchObject({ code: 'EBADF', kind: 'closed' });
    await closing;
    await expect(handle.flush()).rejects.toMatchObject({ code: 'EBADF' });
    expect((await place.get('file')).toString()).toBe('before');
  });

  const tiny = { writeCapacityInitial: 4096, writeCapacityMax: 4096, maxDirtyMs: 1 };
  const page = Buffer.alloc(4096);

  test('lesson_18: a full ring is waited for, or EAGAIN, or ETIMEDOUT, never 0 without a word', async () => {
    for (const [options, outcome] of [
      [{}, { bytesWritten: 4096 }],
      [{ nonblocking: true }, { code: 'EAGAIN', retry: 'safe' }],
      [{ writeTimeoutMs: 20 }, { code: 'ETIMEDOUT', operation: 'write' }],
    ] as const) {
      const gate = new Gate(memory, ['write']);
      const handle = await open(gate.storage, 'file', 'w', { ...tiny, ...options });
      await handle.write(page);
      const second = handle.write(page).catch((thrown) => thrown);
      await gate.point.awaitArrivals();
      if (!('code' in outcome)) gate.point.open();
      expect(await second).toMatchObject(outcome);
      gate.point.open();
      await handle.close();
    }
  });

  test('F6: close wakes a reader and a writer that wait for the storage, with EBADF', async () => {
    await memoryPlace(memory).put('file', 'content');
    const gate = new Gate(memory, ['read', 'write']);
    const handle = await open(gate.storage, 'file', 'r+', tiny);
    const reading = handle.read(Buffer.alloc(4), 0, 4, 0);
    await handle.write(page, 0, 4096, 8192);
    const writing = handle.write(page, 0, 4096, 16_384);
    await gate.point.awaitArrivals(2);
    const closing = handle.close();
    await expect(reading).rejects.toMatchObject({ code: 'EBADF', kind: 'closed' });
    await expect(writing).rejects.toMatchObject({ code: 'EBADF', kind: 'closed' });
    gate.point.open();
    await closing;
  });

  test('F9: a flush that runs out of time changes nothing and can be repeated; so does close', async () => {
    const gate = new Gate(memory, ['write']);
    const handle = await open(gate.storage, 'file', 'w+', { flushTimeoutMs: 20 });
    await handle.write('late');
    await expect(handle.flush()).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'flush' });
    await expect(handle.close()).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'close' });
    await handle.write(' but there');
    gate.point.open();
    await handle.close();
    expect((await memoryPlace(memory).get('file')).toString()).toBe('late but there');
  });

  test('F9: close runs out of time on a storage that does not answer its close, and stays repeatable', async () => {
    const gate = new Gate(memory, ['read']);
    await memoryPlace(memory).put('file', 'content');
    const handle = await open(gate.storage, 'file', 'r', { readTimeoutMs: 20, flushTimeoutMs: 20 });
    await expect(handle.read(Buffer.alloc(4))).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'read' });
    await expect(handle.close()).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'close' });
    gate.point.open();
    await handle.close();
  });

  test('F9: a signal ends a wait and leaves the rest as it was', async () => {
    const gate = new Gate(memory, ['read', 'write']);
    const handle = await open(gate.storage, 'file', 'w+');
    await handle.write('kept');
    const giveUp = new AbortController();
    const flushing = handle.flush({ signal: giveUp.signal });
    await gate.point.awaitArrivals();
    giveUp.abort('no patience');
    await expect(flushing).rejects.toMatchObject({ code: 'ECANCELED', cause: 'no patience' });
    await expect(handle.flush({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    gate.point.open();
    await handle.close();
    expect((await memoryPlace(memory).get('file')).toString()).toBe('kept');
  });
});
