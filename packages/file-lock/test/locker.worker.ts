import { parentPort, workerData } from 'node:worker_threads';
import { FileLock } from '../src/index.ts';

/** Takes the lock, tells, and does what `end` says: `throw`, or wait until it is stopped. */
const { path, end } = workerData as { path: string; end: 'stay' | 'throw' | 'exit' };
await FileLock.acquire(path);
parentPort?.postMessage('held');
await new Promise((resolve) => parentPort?.once('message', resolve));
if (end === 'throw') throw new Error('planted');
if (end === 'exit') process.exit(0);
await new Promise(() => undefined);
