// A process of the JavaScript API for tests that drive several: cpp/test/worker/lock_worker.cpp is the same in C++, and
// has the list of commands.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FileLock, LockError, type LockMode } from '../src/index.ts';

let held: FileLock | undefined;

const answer = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function answerTaken(taking: Promise<FileLock>): Promise<void> {
  try {
    held = await taking;
    answer(`ok ${held.lockedResourcePath}`);
  } catch (thrown) {
    answerError(thrown);
  }
}

function answerError(thrown: unknown): void {
  if (!(thrown instanceof LockError)) throw thrown;
  answer(`error ${-(thrown.errno ?? 0)} ${thrown.holder?.pid ?? ''}`.trim());
}

const text = Buffer.alloc(32);

function incrementOnce(path: string): void {
  const fd = openSync(path, 'r+');
  const length = readSync(fd, text, 0, text.length, 0);
  const next = Number.parseInt(text.toString('latin1', 0, length) || '0', 10) + 1;
  writeSync(fd, `${next}\n`, 0);
  closeSync(fd);
}

async function increment(count: number, path: string): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await FileLock.withLock(path, (lock) => incrementOnce(lock.lockedResourcePath as string));
  }
  answer('ok');
}

async function stress(count: number, seed: number, path: string): Promise<void> {
  let state = seed;
  const sections: string[] = [];
  for (let done = 0; done < count; done += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const mode: LockMode = state % 3 === 0 ? 'shared' : 'exclusive';
    const lock = await FileLock.acquire(path, { mode });
    const begin = process.hrtime.bigint();
    if (state % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    const end = process.hrtime.bigint();
    const result = await lock.release().then(
      () => 0,
      (thrown: LockError) => -(thrown.errno ?? 0),
    );
    sections.push(`section ${mode} ${begin} ${end} ${result}`);
  }
  for (const section of sections) answer(section);
  answer('ok');
}

async function obey(line: string): Promise<void> {
  const [command, first = '', second = '', ...rest] = line.split(' ');
  if (command === 'take') {
    const timeout = Number(second) < 0 ? undefined : Number(second);
    await answerTaken(FileLock.acquire(rest.join(' '), { mode: first as LockMode, timeout }));
  } else if (command === 'try') {
    await answerTaken(FileLock.tryAcquire([second, ...rest].join(' '), { mode: first as LockMode }));
  } else if (command === 'give') {
    await held?.release().then(() => answer('ok'), answerError);
  } else if (command === 'increment') {
    await increment(Number(first), [second, ...rest].join(' '));
  } else if (command === 'stress') {
    await stress(Number(first), Number(second), rest.join(' '));
  } else {
    throw new Error(`lock-worker: ${line}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) await obey(line);
