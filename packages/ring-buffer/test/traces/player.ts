// Carries out the operations of a trace, one line each, and says what came of it. The recorder and the replaying test
// use it; traces_test.cpp does the same in C++.
//
// Byte k of the data that an operation brings is (stamp + 7 k) mod 256. Bytes that come out are told by their FNV-1a
// hash.
import { ByteRing, type SpscConsumer, type SpscMode, type SpscProducer, SpscRing } from '../../src/index.ts';

export type Player = (operation: string, args: readonly string[]) => string;

export function stamped(length: number, stamp: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (stamp + 7 * index) & 0xff);
}

export function hash(...parts: readonly Uint8Array[]): string {
  let value = 0x811c9dc5;
  for (const part of parts) for (const byte of part) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** `refused` instead of a RangeError; whatever else goes wrong is a failure. */
function unlessRefused(action: () => string): string {
  try {
    return action();
  } catch (error) {
    if (error instanceof RangeError) return 'refused';
    throw error;
  }
}

/** Plays the operations of a byte ring; the first is `start POSITION`. */
export function byteRingPlayer(): Player {
  let ring = new ByteRing();
  const number = (text: string | undefined) => Number(text);
  const operations: Record<string, (a: number, b: number, c: number) => string> = {
    start: (position) => {
      ring = new ByteRing({ start: position });
      return 'ok';
    },
    resize: (capacity) => {
      const old = ring.resize(capacity);
      return `resized ${old.length} ${hash(old)}`;
    },
    write: (length, stamp) => String(ring.write(stamped(length, stamp)) ?? 'full'),
    commit: (length, stamp) => {
      const { first, second } = ring.vacantPieces();
      const data = stamped(Math.min(length, first.length + second.length), stamp);
      first.set(data.subarray(0, first.length));
      second.set(data.subarray(first.length));
      ring.commit(length);
      return `ok ${first.length} ${second.length}`;
    },
    view: (position, length) => {
      const { first, second } = ring.view(position, length);
      return `${first.length} ${second.length} ${hash(first, second)}`;
    },
    copy: (position, length) => {
      const out = new Uint8Array(length);
      ring.copyOut(position, out);
      return hash(out);
    },
    overwrite: (position, length, stamp) => {
      ring.overwrite(position, stamped(length, stamp));
      return 'ok';
    },
    release: (position) => {
      ring.release(position);
      return 'ok';
    },
    state: () => `${ring.head} ${ring.tail} ${ring.capacity} ${ring.vacant}`,
    memory: () => hex(ring.memory),
  };
  return (operation, args) => {
    const action = operations[operation];
    if (action === undefined) throw new Error(`no such operation: ${operation}`);
    return unlessRefused(() => action(number(args[0]), number(args[1]), number(args[2])));
  };
}

/** Plays the operations of both ends of a ring between threads; the first is `format CAPACITY MODE START`. */
export function spscPlayer(): Player {
  let ring = SpscRing.create(64, 'bytes');
  let producer: SpscProducer = ring.producer();
  let consumer: SpscConsumer = ring.consumer();
  const refusedPush = (error: unknown): string => {
    if (error instanceof RangeError) return 'too_large 0';
    if (producer.closed) return 'closed 0';
    if (producer.abandoned) return 'abandoned 0';
    throw error;
  };
  const operations: Record<string, (a: string, b: string, c: string) => string> = {
    format: (capacity, mode, start) => {
      const size = Number(capacity);
      const memory = new SharedArrayBuffer(SpscRing.regionSize(size));
      ring = SpscRing.format(memory, { capacity: size, mode: mode as SpscMode, start: Number(start) });
      producer = ring.producer();
      consumer = ring.consumer();
      return 'ok';
    },
    push: (length, stamp) => {
      try {
        const count = producer.tryPush(stamped(Number(length), Number(stamp)));
        return count === 0 && length !== '0' ? 'full 0' : `done ${count}`;
      } catch (error) {
        return refusedPush(error);
      }
    },
    pop: (length) => {
      const out = new Uint8Array(Number(length));
      const count = consumer.tryPop(out);
      if (count === 0 && length !== '0') return consumer.ended ? 'ended 0' : 'empty 0';
      return `done ${count} ${hash(out.subarray(0, count))}`;
    },
    push_frame: (length, stamp) => {
      try {
        return producer.tryPushFrame(stamped(Number(length), Number(stamp))) ? `done ${length}` : 'full 0';
      } catch (error) {
        return refusedPush(error);
      }
    },
    pop_frame: (length) => {
      const out = new Uint8Array(Number(length));
      const needed = consumer.frameLength();
      if (needed === undefined) return consumer.ended ? 'ended 0' : 'empty 0';
      const outcome = unlessRefused(() => `done ${consumer.tryPopFrameInto(out)}`);
      return outcome === 'refused' ? `too_small ${needed}` : `${outcome} ${hash(out.subarray(0, needed))}`;
    },
    state: () => `${ring.sizeGuess()} ${producer.room()} ${consumer.available()}`,
    close: () => {
      producer.close();
      return 'ok';
    },
    abandon: () => {
      consumer.abandon();
      return 'ok';
    },
    region: () => hex(ring.region()),
  };
  return (operation, args) => {
    const action = operations[operation];
    if (action === undefined) throw new Error(`no such operation: ${operation}`);
    return action(args[0] ?? '', args[1] ?? '', args[2] ?? '');
  };
}
