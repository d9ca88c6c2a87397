import { channel } from 'node:diagnostics_channel';
import { EventLog, type LogEvent } from '@libconveyor/observability';
import { describe, expect, test } from 'vitest';

describe('the event log', () => {
  test('V3: its size is fixed, and readers hear what they have missed', () => {
    const log = new EventLog({ capacity: 4 });
    for (let handle = 1; handle <= 10; handle++) log.record('info', 'open', { handle });
    const all = log.since();
    expect(all.events.map(({ handle }) => handle)).toEqual([7, 8, 9, 10]);
    expect(all.events.map(({ sequence }) => sequence)).toEqual([7, 8, 9, 10]);
    expect(all.dropped).toBe(6);
    expect(log.since(8)).toMatchObject({ dropped: 0, events: [{ handle: 9 }, { handle: 10 }] });
    expect(log.since(8, 1).events).toHaveLength(1);
    expect(log.since(10)).toEqual({ events: [], dropped: 0 });
    expect(log.recorded).toBe(10);
  });

  test('keeps what is important enough, and cuts what is too long', () => {
    const log = new EventLog({ level: 'warn' });
    log.record('info', 'open', {});
    log.record('error', 'error', { detail: 'x'.repeat(10_000) });
    log.level = 'debug';
    log.record('debug', 'operation', {});
    expect(log.since().events.map(({ level }) => level)).toEqual(['error', 'debug']);
    expect(log.since().events[0]?.detail).toHaveLength(512);
  });

  test('tells listeners until they go', () => {
    const log = new EventLog();
    const heard: string[] = [];
    const leave = log.subscribe(({ name }) => heard.push(name));
    log.record('info', 'open', {});
    leave();
    log.record('info', 'close', {});
    expect(heard).toEqual(['open']);
  });

  test('operations are wanted at debug level, or where a diagnostics channel is listened to', () => {
    const log = new EventLog();
    const heard: unknown[] = [];
    const listener = (event: unknown): void => void heard.push(event);
    expect(log.wantsOperations).toBe(false);
    channel('conveyor:operation').subscribe(listener);
    expect(log.wantsOperations).toBe(true);
    log.record('debug', 'operation', { operation: log.nextOperation(), phase: 'enter' });
    channel('conveyor:operation').unsubscribe(listener);
    expect(heard as LogEvent[]).toMatchObject([{ name: 'operation', operation: 1, phase: 'enter' }]);
    expect(log.since().events).toEqual([]);
    log.level = 'debug';
    expect(log.wantsOperations).toBe(true);
  });

  test('refuses nonsense', () => {
    expect(() => new EventLog({ capacity: 0 })).toThrow(RangeError);
    expect(() => new EventLog({ level: 'loud' as 'info' })).toThrow();
    expect(() => new EventLog().since(Number.NaN)).toThrow(RangeError);
  });
});
