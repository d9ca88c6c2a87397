import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SpscConsumer, type SpscProducer, SpscRing } from '../src/index.ts';

const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_CONVEYOR_ARG_RANGE' });
const wrongType = expect.objectContaining({ name: 'TypeError', code: 'ERR_CONVEYOR_ARG_TYPE' });
const withCode = (code: string) => expect.objectContaining({ name: 'RingError', code });
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([0, 1, 32, 63, 65, 100, 2 ** 31, 2 ** 32 + 64, -64, 64.5, Number.NaN])(
  'the capacity %d is refused, never clamped',
  (capacity) => {
    expect(() => SpscRing.create(capacity, 'bytes')).toThrow(outOfRange);
  },
);

test('bytes keep their order, up to what fits', () => {
  const ring = SpscRing.create(64, 'bytes');
  const producer = ring.producer();
  const consumer = ring.consumer();
  expect(producer.tryPush(new Uint8Array(0))).toBe(0);
  expect(producer.tryPush(bytes('hello'))).toBe(5);
  expect(producer.tryPush(new Uint8Array(100).fill(1))).toBe(59);
  expect(producer.tryPush(new Uint8Array(1))).toBe(0);
  expect([ring.sizeGuess(), producer.room(), consumer.available()]).toEqual([64, 0, 64]);
  const out = new Uint8Array(5);
  expect(consumer.tryPop(out)).toBe(5);
  expect(out).toEqual(bytes('hello'));
  expect(producer.room()).toBe(5);
  expect(consumer.tryPop(new Uint8Array(100))).toBe(59);
  expect(consumer.tryPop(new Uint8Array(100))).toBe(0);
  expect(consumer.ended).toBe(false);
});

test('frames are whole or not there', () => {
  const ring = SpscRing.create(64, 'frames');
  const producer = ring.producer();
  const consumer = ring.consumer();
  expect(() => producer.tryPushFrame(new Uint8Array(57))).toThrow(outOfRange);
  expect(producer.tryPushFrame(bytes('abcde'))).toBe(true); // 16 bytes in the ring
  expect(producer.tryPushFrame(new Uint8Array(0))).toBe(true); // 8 bytes
  expect(producer.tryPushFrame(new Uint8Array(33))).toBe(false);
  expect(producer.tryPushFrame(new Uint8Array(32).fill(4))).toBe(true);
  expect(consumer.frameLength()).toBe(5);
  expect(() => consumer.tryPopFrameInto(new Uint8Array(4))).toThrow(outOfRange);
  expect(consumer.tryPopFrame()).toEqual(bytes('abcde'));
  expect(consumer.tryPopFrame()).toEqual(new Uint8Array(0));
  expect(consumer.tryPopFrameInto(new Uint8Array(50))).toBe(32);
  expect(consumer.tryPopFrame()).toBeUndefined();
  expect(producer.tryPushFrame(new Uint8Array(56))).toBe(true);
  expect(SpscRing.framedSize(5)).toBe(16);
});

test('close drains, then ends; pushing is refused', () => {
  const ring = SpscRing.create(64, 'bytes');
  const producer = ring.producer();
  const consumer = ring.consumer();
  producer.tryPush(bytes('last'));
  producer.close();
  producer.close();
  expect(() => producer.tryPush(bytes('x'))).toThrow(withCode('EPIPE'));
  expect(() => producer.push(bytes('x'))).toThrow('the ring is closed');
  expect(consumer.ended).toBe(false);
  expect(consumer.pop(new Uint8Array(10))).toBe(4);
  expect(consumer.ended).toBe(true);
  expect(consumer.pop(new Uint8Array(10))).toBe(0);
});

test('abandon refuses pushes', () => {
  const ring = SpscRing.create(64, 'frames');
  const producer = ring.producer();
  ring.consumer().abandon();
  expect(() => producer.tryPushFrame(bytes('x'))).toThrow(withCode('EPIPE'));
  expect(() => producer.pushFrame(bytes('x'))).toThrow('the consumer has abandoned the ring');
  expect([producer.abandoned, producer.closed]).toEqual([true, false]);
});

test('the mode is held', () => {
  const frames = SpscRing.create(64, 'frames');
  const stream = SpscRing.create(64, 'bytes');
  const data = new Uint8Array(1);
  expect(() => frames.producer().tryPush(data)).toThrow(wrongType);
  expect(() => frames.consumer().tryPop(data)).toThrow(wrongType);
  expect(() => stream.producer().pushFrame(data)).toThrow(wrongType);
  expect(() => stream.consumer().popFrame()).toThrow(wrongType);
});

test('one producer and one consumer at a time; an end can be handed over', () => {
  const ring = SpscRing.create(64, 'bytes');
  const first = ring.producer();
  const consumer = ring.consumer();
  expect(() => ring.producer()).toThrow(withCode('EBUSY'));
  expect(() => SpscRing.attach(ring.memory).consumer()).toThrow(withCode('EBUSY'));
  first.tryPush(bytes('abc'));
  first.detach();
  first.detach();
  expect(() => first.tryPush(bytes('x'))).toThrow(withCode('EBADF'));
  const second = SpscRing.attach(ring.memory).producer();
  second.tryPush(bytes('def'));
  const out = new Uint8Array(6);
  expect([consumer.tryPop(out), Buffer.from(out).toString()]).toEqual([6, 'abcdef']);
});

test('several rings share one memory', () => {
  const memory = new SharedArrayBuffer(1024);
  const first = SpscRing.format(memory, { capacity: 64, mode: 'bytes' });
  const second = SpscRing.format(memory, { capacity: 128, mode: 'frames', byteOffset: 384 });
  first.producer().tryPush(bytes('first'));
  second.producer().tryPushFrame(bytes('second'));
  expect(SpscRing.attach(memory, 384).consumer().tryPopFrame()).toEqual(bytes('second'));
  expect(SpscRing.attach(memory).sizeGuess()).toBe(5);
});

test('format and attach refuse what is no ring', () => {
  const memory = new SharedArrayBuffer(384);
  const format = (options: object) => SpscRing.format(memory, { capacity: 64, mode: 'bytes', ...options });
  expect(() => format({ capacity: 256 })).toThrow(outOfRange);
  expect(() => format({ byteOffset: 8 })).toThrow(outOfRange);
  expect(() => format({ byteOffset: 128 })).toThrow(outOfRange);
  expect(() => format({ start: 4 })).toThrow(outOfRange);
  expect(() => format({ mode: 'text' })).toThrow(outOfRange);
  expect(() => format({ size: 1 })).toThrow(expect.objectContaining({ code: 'ERR_CONVEYOR_UNKNOWN_OPTION' }));
  expect(() => SpscRing.attach(new ArrayBuffer(384) as never)).toThrow(wrongType);
  expect(() => SpscRing.attach(new SharedArrayBuffer(100))).toThrow(outOfRange);
  expect(() => SpscRing.attach(memory)).toThrow('this memory holds no ring');
  const planted = (index: number, value: number) => {
    format({ capacity: 128 });
    new Int32Array(memory)[index] = value;
    return () => SpscRing.attach(memory);
  };
  expect(planted(0, 1)).toThrow(withCode('ERR_CONVEYOR_FORMAT'));
  expect(planted(1, 2)).toThrow('version 2 of the layout is not known');
  expect(planted(2, 100)).toThrow('a capacity of 100 bytes cannot be');
  expect(planted(2, 256)).toThrow('the memory ends before');
  expect(planted(3, 3)).toThrow('mode 3 is not known');
});

test('a corrupt region is not believed', () => {
  const planted = (index: number, value: number) => {
    const ring = SpscRing.create(128, 'frames');
    ring.producer().tryPushFrame(new Uint8Array(8));
    new Int32Array(ring.memory)[index] = value;
    return () => ring.consumer().tryPopFrame();
  };
  const corrupt = withCode('ERR_CONVEYOR_FORMAT');
  for (const tail of [3, 136, 0x7fffffff, -1]) expect(planted(32, tail)).toThrow(corrupt);
  for (const length of [9, -1, 0x7fffffff]) expect(planted(64, length)).toThrow(corrupt);
  for (const head of [4, -256, 0x7fffffff]) {
    const ring = SpscRing.create(128, 'bytes');
    new Int32Array(ring.memory)[16] = head;
    const producer = ring.producer();
    expect(() => producer.tryPush(new Uint8Array(1000))).toThrow(corrupt);
    expect(() => producer.push(new Uint8Array(1000))).toThrow(corrupt);
  }
});

test('arguments are checked', () => {
  const ring = SpscRing.create(64, 'bytes');
  const producer = ring.producer();
  const consumer = ring.consumer();
  expect(() => producer.tryPush('text' as never)).toThrow(wrongType);
  expect(() => consumer.tryPop([] as never)).toThrow(wrongType);
  expect(() => consumer.pop(new Uint8Array(1), -1)).toThrow(outOfRange);
  expect(() => consumer.pop(new Uint8Array(1), Number.NaN)).toThrow(outOfRange);
  expect(() => consumer.pop(new Uint8Array(1), '1' as never)).toThrow(wrongType);
});

test('blocking calls give up in time and keep what is there', () => {
  const ring = SpscRing.create(64, 'bytes');
  const producer = ring.producer();
  const consumer = ring.consumer();
  expect(consumer.pop(new Uint8Array(1), 1)).toBe(0);
  expect(producer.push(new Uint8Array(100), 1)).toBe(64);
  expect(producer.push(new Uint8Array(100), 0)).toBe(0);
  const frames = SpscRing.create(64, 'frames');
  const pushing = frames.producer();
  const popping = frames.consumer();
  expect([popping.popFrame(1), popping.popFrameInto(new Uint8Array(60), 1)]).toEqual([undefined, undefined]);
  expect([pushing.pushFrame(new Uint8Array(56)), pushing.pushFrame(new Uint8Array(0), 1)]).toEqual([true, false]);
  expect(() => popping.popFrameInto(new Uint8Array(55))).toThrow(outOfRange);
  expect(popping.popFrameInto(new Uint8Array(60))).toBe(56);
});

test('asynchronous waits end by data, by room, by the other end, and by time', async () => {
  const ring = SpscRing.create(64, 'bytes');
  const producer = ring.producer();
  const consumer = ring.consumer();
  expect(await consumer.whenReadable(1)).toBe(false);
  const readable = consumer.whenReadable();
  await expect(consumer.whenReadable()).rejects.toThrow(withCode('EBUSY'));
  producer.tryPush(new Uint8Array(64));
  expect(await readable).toBe(true);
  expect(await producer.whenRoom(1, 1)).toBe(false);
  const room = producer.whenRoom(20);
  consumer.tryPop(new Uint8Array(10));
  consumer.tryPop(new Uint8Array(10));
  expect([await room, producer.room()]).toEqual([true, 20]);
  await expect(producer.whenRoom(65)).rejects.toThrow(outOfRange);
  const noRoom = producer.whenRoom(64);
  consumer.abandon();
  expect(await noRoom).toBe(true);
  const drained = SpscRing.create(64, 'bytes');
  const end = drained.consumer();
  const ending = end.whenReadable();
  drained.producer().close();
  expect([await ending, end.ended]).toEqual([true, true]);
});

/** What is in the ring, and the bytes it takes there. */
interface Model {
  frames: Uint8Array[];
  used: number;
}

interface Ends {
  producer: SpscProducer;
  consumer: SpscConsumer;
}

const framed = (length: number) => 8 + Math.ceil(length / 8) * 8;
type Command = fc.Command<Model, Ends>;

const frameCommands: fc.Arbitrary<Command>[] = [
  fc.uint8Array({ maxLength: 50 }).map((frame) => ({
    check: () => true,
    toString: () => `push ${frame.length}`,
    run: (model: Model, { producer }: Ends) => {
      const fits = framed(frame.length) <= 128 - model.used;
      expect(producer.tryPushFrame(frame)).toBe(fits);
      if (!fits) return;
      model.frames.push(frame);
      model.used += framed(frame.length);
    },
  })),
  fc.constant<Command>({
    check: () => true,
    toString: () => 'pop',
    run: (model, { consumer }) => {
      const expected = model.frames.shift();
      expect(consumer.tryPopFrame()).toEqual(expected);
      if (expected !== undefined) model.used -= framed(expected.length);
    },
  }),
];

test('frames behave as a queue, over the wrap of positions', () => {
  const property = (start: number, steps: Iterable<Command>) => {
    const memory = new SharedArrayBuffer(SpscRing.regionSize(128));
    const ring = SpscRing.format(memory, { capacity: 128, mode: 'frames', start });
    const real = { producer: ring.producer(), consumer: ring.consumer() };
    const model: Model = { frames: [], used: 0 };
    fc.modelRun(() => ({ model, real }), steps);
    expect(ring.sizeGuess()).toBe(model.used);
  };
  const start = fc.constantFrom(0, 2 ** 31 - 400, 2 ** 32 - 400);
  fc.assert(fc.property(start, fc.commands(frameCommands, { maxCommands: 100 }), property), { numRuns: 200 });
});

test('bytes behave as a queue, over the wrap of positions', () => {
  const step = fc.record({ push: fc.boolean(), length: fc.nat(160) });
  const property = (start: number, steps: { push: boolean; length: number }[]) => {
    const memory = new SharedArrayBuffer(SpscRing.regionSize(128));
    const ring = SpscRing.format(memory, { capacity: 128, mode: 'bytes', start });
    const producer = ring.producer();
    const consumer = ring.consumer();
    const model: number[] = [];
    let next = 0;
    for (const { push, length } of steps) {
      if (push) {
        const data = Uint8Array.from({ length }, () => next++);
        const count = producer.tryPush(data);
        expect(count).toBe(Math.min(length, 128 - model.length));
        model.push(...data.subarray(0, count));
      } else {
        const out = new Uint8Array(length);
        const count = consumer.tryPop(out);
        expect([...out.subarray(0, count)]).toEqual(model.splice(0, length));
      }
      expect(ring.sizeGuess()).toBe(model.length);
    }
  };
  const start = fc.constantFrom(0, 2 ** 31 - 400, 2 ** 32 - 400);
  fc.assert(fc.property(start, fc.array(step, { maxLength: 100 }), property), { numRuns: 200 });
});
