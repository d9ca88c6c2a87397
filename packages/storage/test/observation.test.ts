import { ManualClock } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import {
  MemoryStorage,
  type OperationEnd,
  type OperationStart,
  operationNames,
  type Storage,
  withFaults,
  withLatency,
  withObservation,
} from '../src/index.ts';

function observed(storage: Storage = new MemoryStorage(), clock = new ManualClock()) {
  const starts: OperationStart[] = [];
  const ends: OperationEnd[] = [];
  const observer = {
    operationStarted: (start: OperationStart) => starts.push(start),
    operationEnded: (end: OperationEnd) => ends.push(end),
  };
  return { starts, ends, clock, storage: withObservation(storage, observer, { clock }) };
}

describe('withObservation', () => {
  test('every operation begins and ends once, in words of the contract', async () => {
    const { storage, starts, ends } = observed();
    await storage.mkdir('d');
    await storage.makeLink('file', 'link');
    const file = await storage.open('file', 'a+');
    await file.append(new Uint8Array(7));
    await file.read(new Uint8Array(5), 4);
    await file.size();
    await file.sync();
    await file.truncate(3);
    await file.close();
    const other = await storage.open('file', 'r+');
    await other.write(new Uint8Array(9), 2);
    await other.close();
    await storage.stat('file');
    await storage.setAttributes('file', { mode: 0o600 });
    await storage.readLink('link');
    await storage.copy('file', 'copy');
    await storage.rename('copy', 'moved');
    await storage.remove('moved');
    const replacement = await storage.openReplacement('new');
    await replacement.commit();
    for await (const entry of storage.list('/')) expect(entry.name).toBeTruthy();
    await storage.close();
    expect(new Set(ends.map(({ operation }) => operation))).toEqual(new Set(operationNames));
    expect(starts.map(({ id }) => id)).toEqual(starts.map((_, index) => index));
    expect(ends.map(({ id }) => id)).toEqual(starts.map(({ id }) => id));
    expect(ends.find(({ operation }) => operation === 'read')).toMatchObject({
      path: 'file',
      offset: 4,
      length: 5,
      bytes: 3,
      error: undefined,
    });
    expect(ends.filter(({ bytes }) => bytes > 0).map(({ operation, bytes }) => [operation, bytes])).toEqual([
      ['append', 7],
      ['read', 3],
      ['write', 9],
    ]);
  });

  test('durations are those of the clock, and failures have their error', async () => {
    const clock = new ManualClock(1000);
    const slow = withLatency(new MemoryStorage(), { latencyMs: 25, operations: ['mkdir'], clock });
    const { storage, starts, ends } = observed(slow, clock);
    const refused = expect(storage.mkdir('a/b')).rejects.toMatchObject({ code: 'ENOENT' });
    await clock.advanceAndSettle(25);
    await refused;
    expect(starts).toMatchObject([{ operation: 'mkdir', path: 'a/b', startMs: 1000 }]);
    expect(ends).toMatchObject([{ durationMs: 25, bytes: 0, error: { code: 'ENOENT' } }]);
  });

  test('misuse is refused before anybody hears of it', async () => {
    const { storage, starts } = observed();
    await expect(storage.stat('')).rejects.toThrow(RangeError);
    expect(starts).toEqual([]);
  });

  test('a listing ends when nobody wants more, or with its error', async () => {
    const memory = new MemoryStorage();
    for (const name of ['a', 'b', 'c']) await memory.mkdir(name);
    const { storage, ends } = observed(memory);
    for await (const entry of storage.list('/')) {
      expect(ends).toEqual([]);
      if (entry.name === 'b') break;
    }
    expect(ends).toMatchObject([{ operation: 'list', error: undefined }]);
    const failing = withFaults(memory, [{ operation: 'list', fault: { kind: 'error', code: 'EACCES' } }]);
    const second = observed(failing);
    await expect(second.storage.list('/')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'EACCES' });
    expect(second.ends).toMatchObject([{ operation: 'list', error: { code: 'EACCES' } }]);
  });

  test('what an observer throws is not the caller’s trouble, and not lost', async () => {
    const uncaught = new Promise<Error>((resolve) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    const operationStarted = () => {
      throw new Error('observer');
    };
    const storage = withObservation(new MemoryStorage(), { operationStarted });
    await storage.mkdir('a');
    expect(await uncaught).toMatchObject({ message: 'observer' });
  });

  test.each([undefined, null, 'me', { operationEnded: 3 }])('%j is no observer', (observer) => {
    expect(() => withObservation(new MemoryStorage(), observer as never)).toThrow(TypeError);
  });
});
