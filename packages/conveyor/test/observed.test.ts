import { open } from '@libconveyor/conveyor';
import {
  EventLog,
  eventLog,
  type HandleReading,
  handleRegistry,
  latencyNames,
  readingFields,
} from '@libconveyor/observability';
import { MemoryStorage, withFaults } from '@libconveyor/storage';
import { afterEach, describe, expect, test } from 'vitest';

/** The number and the reading of the handle that was opened last. */
function newest(): { id: number; reading: HandleReading } {
  const id = handleRegistry.handles().at(-1)?.id ?? 0;
  const reading = handleRegistry.read(id);
  if (reading === undefined) throw new Error('no handle is open');
  return { id, reading };
}

describe('what monitors see of handles', () => {
  const last = eventLog.level;
  let known = eventLog.recorded;

  afterEach(() => {
    eventLog.level = last;
    known = eventLog.recorded;
  });

  test('O3: each field is that of stats(), and the window goes on', async () => {
    const handle = await open(new MemoryStorage(), 'file', 'w+');
    await handle.write(Buffer.alloc(10_000, 1));
    await handle.flush();
    await handle.read(Buffer.alloc(5000), 0, 5000, 100);
    const { reading } = newest();
    const stats = handle.stats();
    for (const field of readingFields) expect([field, reading.get(field)]).toEqual([field, stats[field]]);
    expect(stats.windowBytesWritten).toBe(10_000);
    expect(stats.backendWrite.count).toBeGreaterThan(0);
    for (const name of latencyNames) {
      const histogram = reading.histogram(name);
      expect([name, histogram.count, histogram.meanNs, histogram.maxNs]).toEqual([
        name,
        stats[name].count,
        stats[name].meanNs,
        stats[name].maxNs,
      ]);
      expect(histogram.percentileNs(500)).toBe(stats[name].p50Ns);
      expect(histogram.percentileNs(999)).toBe(stats[name].p999Ns);
    }
    await handle.close();
  });

  test('V1: totals stay when a handle closes, what closing landed included', async () => {
    const before = (await handleRegistry.collect()).all;
    const handle = await open(new MemoryStorage(), 'file', 'w+');
    await handle.write(Buffer.alloc(700, 1));
    await handle.close();
    const { all, schemes } = await handleRegistry.collect();
    expect(all.get('bytesWritten') - before.get('bytesWritten')).toBe(700);
    expect(all.get('backendBytesWritten') - before.get('backendBytesWritten')).toBe(700);
    expect([all.opened - before.opened, all.open - before.open]).toEqual([1, 0]);
    expect([...schemes.keys()]).toContain('memory');
  });

  test('opening, failing and closing are events, an error once', async () => {
    const fault = { kind: 'error', code: 'ENOSPC' } as const;
    const storage = withFaults(new MemoryStorage(), [{ operation: 'write', times: 1, fault }]);
    const handle = await open(storage, 'file', 'w+');
    await handle.write('lost?');
    await expect(handle.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(handle.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    const { id } = newest();
    expect(handleRegistry.source(id)?.error()).toMatchObject({ code: 'ENOSPC' });
    handleRegistry.source(id)?.clearError();
    await handleRegistry.source(id)?.flush();
    await handle.close();
    const { events } = eventLog.since(known);
    expect(events.map(({ name, handle: number, code }) => [name, number, code])).toEqual([
      ['open', id, undefined],
      ['error', id, 'ENOSPC'],
      ['close', id, undefined],
    ]);
    expect(events[1]).toMatchObject({ level: 'error', path: 'file', offset: 0, length: 5 });
  });

  test('V3: at debug level operations that wait are entered and left with one number', async () => {
    const handle = await open(new MemoryStorage(), 'file', 'w+');
    eventLog.level = 'debug';
    await handle.write('abc');
    await handle.flush();
    await handle.close();
    const operations = eventLog.since(known).events.filter(({ name }) => name === 'operation');
    const flush = operations.filter(({ action }) => action === 'flush');
    expect(flush.map(({ phase }) => phase)).toEqual(['enter', 'exit']);
    expect(flush[0]?.operation).toBe(flush[1]?.operation);
    expect(flush[1]?.durationMs).toBeGreaterThanOrEqual(0);
    expect(new Set(operations.map(({ operation }) => operation)).size).toBe(operations.length / 2);
    expect(eventLog).toBeInstanceOf(EventLog);
  });
});
