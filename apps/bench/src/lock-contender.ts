// One process that contends for a lock, with the commands of packages/file-lock/cpp/bench/lock_bench.cpp.
import { openSync, readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FileLock } from '@libconveyor/file-lock';

const [, , side, path = ''] = process.argv;
const counter = openSync(path, 'r+');
const bytes = new BigInt64Array(1);

function increment(): void {
  readSync(counter, bytes, 0, 8, 0);
  bytes[0] = (bytes[0] as bigint) + 1n;
  writeSync(counter, bytes, 0, 8, 0);
}

type Locked = (body: () => void) => Promise<void>;

const withConveyor: Locked = async (body) => {
  const lock = await FileLock.acquire(path);
  body();
  await lock.release();
};

/** Asks as often as conveyor does, and for ever. */
async function properLockfile(): Promise<Locked> {
  const { lock } = await import('proper-lockfile');
  const retries = { forever: true, factor: 2, minTimeout: 1, maxTimeout: 20, randomize: true };
  return async (body) => {
    const release = await lock(path, { retries, stale: 60_000 });
    body();
    await release();
  };
}

const locked = side === 'proper-lockfile' ? await properLockfile() : withConveyor;

async function work(task: string, amount: number): Promise<number> {
  const body = task === 'pairs' ? () => undefined : increment;
  const endMs = performance.now() + amount;
  let done = 0;
  for (; task === 'share' ? performance.now() < endMs : done < amount; done += 1) await locked(body);
  return done;
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [task = '', amount] = line.split(' ');
  const begin = process.hrtime.bigint();
  const done = await work(task, Number(amount));
  process.stdout.write(`done ${done} ${process.hrtime.bigint() - begin}\n`);
}
