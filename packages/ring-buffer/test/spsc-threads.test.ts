import { Prng, spawnWorker } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { SpscRing } from '../src/index.ts';
import { type Exchange, faultOf, makeFrame, popAll, pushAll, type Style } from './workers/exchange.ts';

const producerModule = new URL('./workers/producer.worker.ts', import.meta.url);
const consumerModule = new URL('./workers/consumer.worker.ts', import.meta.url);
const frames = 20_000;
const deadlineMs = 25_000;

const pairs: [Style, Style, number][] = [
  ['polling', 'polling', 1024],
  ['blocking', 'blocking', 1024],
  ['awaiting', 'awaiting', 1024],
  ['blocking', 'awaiting', 256],
  ['awaiting', 'blocking', 256],
  ['blocking', 'blocking', 2 ** 22],
];

test.each(pairs)(
  'two threads: %s producer, %s consumer, %d bytes: every frame, in order',
  async (push, pop, capacity) => {
    const ring = SpscRing.create(capacity, 'frames');
    const common = { memory: ring.memory, frames, seed: 7 };
    await using producer = spawnWorker(producerModule, { name: 'producer', data: { ...common, style: push } });
    await using consumer = spawnWorker(consumerModule, { name: 'consumer', data: { ...common, style: pop } });
    expect(await consumer.message(deadlineMs)).toBe(frames);
    expect(await producer.message(deadlineMs)).toBe('closed');
    await Promise.all([producer.finished(), consumer.finished()]);
    expect(ring.sizeGuess()).toBe(0);
  },
);

test('the test itself: a reordered, a doubled, a torn and a cut frame are seen', async () => {
  const prng = new Prng(1);
  const [first, second] = [makeFrame(0, prng), makeFrame(1, prng)] as const;
  expect(faultOf(first, 0)).toBeUndefined();
  expect(faultOf(second, 0)).toBe('frame 1 came instead of 0');
  expect(faultOf(first, 1)).toBe('frame 0 came instead of 1');
  expect(
    faultOf(
      first.map((byte, index) => (index === first.length - 1 ? byte ^ 1 : byte)),
      0,
    ),
  ).toBe('frame 0 is torn');
  expect(faultOf(first.subarray(0, 7), 0)).toContain('is cut');
  const ring = SpscRing.create(1024, 'frames');
  const producer = ring.producer();
  producer.tryPushFrame(first);
  producer.tryPushFrame(first);
  expect(await popAll(ring.consumer(), { memory: ring.memory, style: 'polling', frames: 2, seed: 1 })).toContain(
    'instead of 1',
  );
  expect(producer.abandoned).toBe(true);
});

test('this thread awaits while a worker blocks', async () => {
  const ring = SpscRing.create(512, 'frames');
  const exchange: Exchange = { memory: ring.memory, frames: 5000, seed: 3, style: 'awaiting' };
  await using producer = spawnWorker(producerModule, { data: { ...exchange, style: 'blocking' } });
  expect(await popAll(ring.consumer(), exchange)).toBe(5000);
  await producer.finished();
});

test('closing wakes a blocked consumer, abandoning a blocked producer', async () => {
  const ending = SpscRing.create(64, 'frames');
  const data = { memory: ending.memory, frames: 0, seed: 1, style: 'blocking' };
  await using consumer = spawnWorker(consumerModule, { data });
  ending.producer().close();
  expect(await consumer.message()).toBe(0);

  const full = SpscRing.create(256, 'frames');
  await using producer = spawnWorker(producerModule, {
    name: 'pushing',
    data: { ...data, memory: full.memory, frames },
  });
  const popping = full.consumer();
  expect(await popping.whenReadable(deadlineMs)).toBe(true);
  popping.abandon();
  await expect(producer.message()).rejects.toThrow('the consumer has abandoned the ring');
});

test('one thread alone can do both, without a wait', async () => {
  const ring = SpscRing.create(2 ** 16, 'frames');
  const exchange: Exchange = { memory: ring.memory, frames: 300, seed: 9, style: 'polling' };
  await pushAll(ring.producer(), exchange, new Prng(exchange.seed));
  expect(await popAll(ring.consumer(), exchange)).toBe(300);
});
