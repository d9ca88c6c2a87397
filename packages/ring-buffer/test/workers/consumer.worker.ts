import { parentPort, workerData } from 'node:worker_threads';
import { SpscRing } from '@libconveyor/ring-buffer';
import { type Exchange, popAll } from './exchange.ts';

const exchange = workerData as Exchange;
// A pending Atomics.waitAsync does not keep a thread alive; an open port does.
parentPort?.ref();
parentPort?.postMessage(await popAll(SpscRing.attach(exchange.memory).consumer(), exchange));
parentPort?.close();
