// What the rings cost in JavaScript, beside what one would use without them, in the same run.
// `pnpm --filter @libconveyor/ring-buffer bench`. Two threads need two free cores.
import { Worker } from 'node:worker_threads';
import { bench, do_not_optimize, group, run, summary } from 'mitata';
import { ByteRing, SpscRing } from '../src/index.ts';
import type { Order } from './order.ts';

const capacity = 65_536;
const sizes = [64, 512, 4096];
/** Frames that go from thread to thread in one measured exchange. */
const frames = 10_000;

function benchOneThread(size: number): void {
  const data = new Uint8Array(size).map((_, index) => index);
  const out = new Uint8Array(size);
  const log = new ByteRing({ capacity });
  bench('ByteRing: write, copyOut, release', () => {
    const position = log.write(data) as number;
    log.copyOut(position, out);
    log.release(position + size);
    do_not_optimize(out[size - 1]);
  }).baseline(true);
  const ring = SpscRing.create(capacity, 'frames');
  const producer = ring.producer();
  const consumer = ring.consumer();
  bench('SpscRing: tryPushFrame, tryPopFrameInto', () => {
    producer.tryPushFrame(data);
    do_not_optimize(consumer.tryPopFrameInto(out));
  });
  const queue: Uint8Array[] = [];
  bench('array: push a copy, shift, set', () => {
    queue.push(data.slice());
    out.set(queue.shift() as Uint8Array);
    do_not_optimize(out[size - 1]);
  });
}

function throughRing(worker: Worker, size: number): void {
  const ring = SpscRing.create(capacity, 'frames');
  const consumer = ring.consumer();
  const out = new Uint8Array(size);
  worker.postMessage({ way: 'ring', memory: ring.memory, frames, size } satisfies Order);
  let count = 0;
  while (consumer.popFrameInto(out) === size) count++;
  if (count !== frames) throw new Error(`${count} frames came instead of ${frames}`);
}

async function throughPort(worker: Worker, size: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let count = 0;
    worker.on('message', (frame: Uint8Array) => {
      if (frame.length !== size || ++count < frames) return;
      worker.removeAllListeners('message');
      resolve();
    });
    worker.postMessage({ way: 'port', frames, size } satisfies Order);
  });
}

const worker = new Worker(new URL('./producer.worker.ts', import.meta.url));
for (const size of sizes) {
  group(`one thread, ${size} B`, () => summary(() => benchOneThread(size)));
  group(`two threads, ${frames} frames of ${size} B`, () => {
    summary(() => {
      bench('SpscRing: pushFrame, popFrameInto', () => throughRing(worker, size)).baseline(true);
      bench('postMessage', () => throughPort(worker, size));
    });
  });
}
await run();
await worker.terminate();
