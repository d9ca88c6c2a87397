import { HandleRegistry, type HandleSource } from '@libconveyor/observability';
import { describe, expect, test } from 'vitest';
import { FakeSource } from './sources.ts';

function close(registry: HandleRegistry, source: FakeSource): void {
  registry.remove(source);
  source.isOpen = false;
}

describe('the registry', () => {
  test('V1: totals of a handle stay when it closes; what was now does not', async () => {
    const registry = new HandleRegistry();
    const first = new FakeSource({ writes: 3, stallNs: 70, dirtyBytes: 10, dirtyAgeNs: 5, stickyError: 28 });
    const second = new FakeSource({ writes: 4, dirtyBytes: 1, dirtyAgeNs: 9 });
    Object.assign(first.latencies, { backendWrite: [3, 9] });
    for (const source of [first, second]) registry.add(source);
    const before = (await registry.collect()).all;
    expect([before.get('writes'), before.get('dirtyBytes'), before.get('dirtyAgeNs')]).toEqual([7, 11, 9]);
    expect([before.opened, before.open, before.failed]).toEqual([2, 2, 1]);
    close(registry, first);
    const after = (await registry.collect()).all;
    expect([after.get('writes'), after.get('stallNs'), after.get('dirtyBytes')]).toEqual([7, 70, 1]);
    expect([after.opened, after.open, after.failed]).toEqual([2, 1, 0]);
    expect([after.histogram('backendWrite').count, after.histogram('backendWrite').maxNs]).toEqual([2, 9]);
    registry.remove(first);
    expect((await registry.collect()).all.get('writes')).toBe(7);
  });

  test('V1: handles that close while they are added up are counted once', async () => {
    const registry = new HandleRegistry();
    const sources = Array.from({ length: 1000 }, () => new FakeSource({ writes: 1 }));
    for (const source of sources) {
      Object.assign(source.latencies, { appRead: [7] });
      registry.add(source);
    }
    const collection = registry.collect();
    expect(sources[999]?.observed).toBe(0);
    for (const index of [0, 1, 998, 999]) close(registry, sources[index] as FakeSource);
    const { all } = await collection;
    expect(all.get('writes')).toBe(1000);
    expect(all.histogram('appRead').count).toBe(1000);
    expect((await registry.collect()).all.get('writes')).toBe(1000);
    expect(registry.openCount).toBe(996);
  });

  test('V1: one that could not be closed is open again, and counted once', async () => {
    const registry = new HandleRegistry();
    const source = new FakeSource({ writes: 5 });
    Object.assign(source.latencies, { appWrite: [1] });
    const id = registry.add(source);
    registry.remove(source);
    registry.restore(source);
    registry.restore(source);
    source.numbers.writes = 6;
    const { all } = await registry.collect();
    expect([all.get('writes'), all.open, all.opened, all.histogram('appWrite').count]).toEqual([6, 1, 1, 1]);
    expect(registry.idOf(source)).toBe(id);
  });

  test('V4: schemes beyond the sixteenth are others', async () => {
    const registry = new HandleRegistry();
    const sources: HandleSource[] = Array.from(
      { length: 40 },
      (_, index) => new FakeSource({ reads: 1 }, { scheme: `s${index}` }),
    );
    for (const source of sources) registry.add(source);
    const { schemes, all } = await registry.collect();
    expect(schemes.size).toBe(17);
    expect(schemes.get('other')?.get('reads')).toBe(24);
    expect(all.get('reads')).toBe(40);
  });

  test('what is open can be listed, read and controlled', async () => {
    const registry = new HandleRegistry();
    const source = new FakeSource({ readHits: 2 }, { path: '/b', scheme: 's3' });
    const id = registry.add(source);
    expect(registry.handles()).toMatchObject([{ id, path: '/b', scheme: 's3' }]);
    expect(registry.read(id)?.get('readHits')).toBe(2);
    await registry.source(id)?.flush();
    expect(source.flushed).toBe(1);
    close(registry, source);
    expect(registry.handles()).toEqual([]);
    expect(registry.read(id)).toBeUndefined();
  });
});

describe('windows', () => {
  test('V2: each belongs to its reader', async () => {
    const registry = new HandleRegistry();
    const source = new FakeSource();
    registry.add(source);
    let nowMs = 1000;
    const clock = { nowMs: () => nowMs };
    const [one, other] = [registry.window(clock), registry.window(clock)];
    expect(await one.read()).toMatchObject({ writes: 0, hitShare: undefined, stallShare: undefined, durationMs: 0 });
    Object.assign(source.numbers, { writes: 10, backendWrites: 2, readHits: 3, readMisses: 1, stallNs: 50e6 });
    nowMs = 1100;
    const first = { writes: 10, hitShare: 0.75, coalescing: 5, durationMs: 100, stallShare: 0.5, handles: 1 };
    expect(await one.read()).toMatchObject(first);
    expect(await one.read()).toMatchObject({ writes: 0, hitShare: undefined });
    Object.assign(source.latencies, { backendRead: [4, 8] });
    expect(await other.read()).toMatchObject({ ...first, backendReadNsAvg: 6 });
    const [a, b] = await Promise.all([other.read(), other.read()]);
    expect([a.writes, b.writes, b.backendReadNsAvg]).toEqual([0, 0, undefined]);
  });
});
