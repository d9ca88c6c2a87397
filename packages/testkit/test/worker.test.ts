import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { SharedBarrier, spawnWorker, tempDir, withTempDir } from '../src/index.ts';

const echo = new URL('./workers/echo.worker.ts', import.meta.url);

test('a worker is a real thread running the TypeScript source', async () => {
  const worker = spawnWorker(echo);
  worker.post([1, 2]);
  const reply = await worker.message<{ message: number[]; threadId: number; url: string }>();
  expect(reply.message).toEqual([1, 2]);
  expect(reply.threadId).not.toBe(threadId);
  expect(reply.url).toBe(echo.href);
  worker.post('close');
  await worker.finished();
});

test("a worker's failure reaches whoever waits, by name", async () => {
  const thrower = spawnWorker(echo, { name: 'thrower' });
  thrower.post('throw');
  await expect(thrower.message()).rejects.toThrow('worker thrower: Input/output error, planted (EIO)');
  await expect(thrower.finished()).rejects.toThrow('planted');
  const leaver = spawnWorker(echo, { name: 'leaver' });
  leaver.post('exit');
  await expect(leaver.message()).rejects.toThrow('worker leaver: Input/output error, it ended with code 3');
  await expect(leaver.finished()).rejects.toThrow('code 3');
});

test('a silent worker is named when the deadline passes', async () => {
  const worker = spawnWorker(echo, { name: 'silent' });
  await expect(worker.message(1)).rejects.toThrow('a message of worker silent');
  await expect(worker.finished(1)).rejects.toThrow('the end of worker silent');
  await worker.stop();
  expect(() => spawnWorker('./x.ts' as never)).toThrow(TypeError);
});

test('a shared barrier keeps the rounds of real threads apart', async () => {
  const parties = ['a', 'b', 'c'];
  const rounds = 200;
  const barrier = SharedBarrier.create(parties, 'rounds');
  const counter = new SharedArrayBuffer(4);
  const module = new URL('./workers/barrier.worker.ts', import.meta.url);
  const workers = parties.map((party) =>
    spawnWorker(module, { name: party, data: { place: barrier.place, party, counter, rounds } }),
  );
  const replies = await Promise.all(workers.map((worker) => worker.message()));
  expect(replies).toEqual(parties.map((party) => ({ party, wrong: 0 })));
  expect(new Int32Array(counter)[0]).toBe(parties.length * rounds);
  await Promise.all(workers.map((worker) => worker.finished()));
});

test('a shared barrier names who is missing and refuses strangers and doubles', () => {
  const barrier = SharedBarrier.create(['writer', 'reader'], 'start');
  expect(() => barrier.arriveAndWait('writer', 1)).toThrow(
    "barrier 'start': arrived writer; missing reader, after 1 ms",
  );
  expect(() => barrier.arriveAndWait('writer', 1)).toThrow(RangeError);
  expect(() => barrier.arriveAndWait('nobody')).toThrow(RangeError);
  expect(() => SharedBarrier.create([])).toThrow(RangeError);
  expect(() => SharedBarrier.create(['a', 'a'])).toThrow(RangeError);
});

test('a temporary directory goes away with all it holds, whatever happened', async () => {
  let seen = '';
  const failing = withTempDir(async (path) => {
    seen = path;
    await writeFile(join(path, 'file'), 'x');
    throw new Error('planted');
  });
  await expect(failing).rejects.toThrow('planted');
  expect(seen).not.toBe('');
  expect(existsSync(seen)).toBe(false);
  const dir = await tempDir();
  expect(existsSync(dir.path)).toBe(true);
  await dir[Symbol.asyncDispose]();
  await dir.remove();
  expect(existsSync(dir.path)).toBe(false);
});
