import { expect, test } from 'vitest';
import { SharedLock } from '../src/index.ts';

/** Starts work that enters `log` when it gets in and ends when it is told to. */
function begin(lock: SharedLock, mode: 'shared' | 'exclusive', name: string, log: string[]) {
  let end = (): void => undefined;
  let fail: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const done = lock[mode](() => {
    log.push(name);
    return promise;
  });
  return { done, end, fail };
}

/** Longer than any chain of promises here. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('many share, one is alone, and nobody overtakes', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  const first = begin(lock, 'shared', 'first', log);
  const second = begin(lock, 'shared', 'second', log);
  const alone = begin(lock, 'exclusive', 'alone', log);
  const late = begin(lock, 'shared', 'late', log);
  await settled();
  expect(log).toEqual(['first', 'second']);
  first.end();
  await settled();
  expect(log).toEqual(['first', 'second']);
  second.end();
  await settled();
  expect(log).toEqual(['first', 'second', 'alone']);
  alone.end();
  late.end();
  await Promise.all([first, second, alone, late].map(({ done }) => done));
  expect(log).toEqual(['first', 'second', 'alone', 'late']);
});

test('work that fails lets the next in, and its error goes to who asked for it', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  const failing = begin(lock, 'exclusive', 'failing', log);
  const next = begin(lock, 'exclusive', 'next', log);
  failing.fail(new Error('no'));
  await expect(failing.done).rejects.toThrow('no');
  next.end();
  await next.done;
  expect(log).toEqual(['failing', 'next']);
});
