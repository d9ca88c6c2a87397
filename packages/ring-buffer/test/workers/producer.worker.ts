import { parentPort, workerData } from 'node:worker_threads';
import { SpscRing } from '@libconveyor/ring-buffer';
import { Prng } from '@libconveyor/testkit';
import { type Exchange, pushAll } from './exchange.ts';

const exchange = workerData as Exchange;
// A pending Atomics.waitAsync does not keep a thread alive; an open port does.
parentPort?.ref();
await pushAll(SpscRing.attach(exchange.memory).producer(), exchange, new Prng(exchange.seed));
parentPort?.postMessage('closed');
parentPort?.close();
