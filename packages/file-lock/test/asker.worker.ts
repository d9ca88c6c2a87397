import { parentPort, workerData } from 'node:worker_threads';
import { FileLock } from '../src/index.ts';

/** Asks a hundred times for a lock and writes into memory how often it got it: [0] done, [1] count. */
const { path } = workerData as { path: string };
parentPort?.postMessage('ready');
const memory = await new Promise<SharedArrayBuffer>((resolve) => parentPort?.once('message', resolve));
const answers = new Int32Array(memory);
for (let round = 0; round < 100; round += 1) {
  await FileLock.tryAcquire(path).then(
    () => Atomics.add(answers, 1, 1),
    () => undefined,
  );
}
Atomics.store(answers, 0, 1);
Atomics.notify(answers, 0);
