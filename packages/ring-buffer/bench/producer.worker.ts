import { parentPort } from 'node:worker_threads';
import { SpscRing } from '../src/index.ts';
import type { Order } from './order.ts';

parentPort?.on('message', ({ frames, size, memory }: Order) => {
  const frame = new Uint8Array(size).map((_, index) => index);
  if (memory === undefined) {
    for (let i = 0; i < frames; i++) parentPort?.postMessage(frame);
    return;
  }
  const producer = SpscRing.attach(memory).producer();
  for (let i = 0; i < frames; i++) producer.pushFrame(frame);
  producer.close();
});
