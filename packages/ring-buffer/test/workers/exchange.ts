// What both ends of the thread tests agree on: every frame carries its number and a checksum of its content, so that a
// lost, doubled, torn or reordered frame is seen as such and not only as a wrong sum.
import { type SpscConsumer, type SpscProducer, SpscRing } from '@libconveyor/ring-buffer';
import type { Prng } from '@libconveyor/testkit';

/** How an end waits: it polls, it blocks its thread, or it awaits. */
export type Style = 'polling' | 'blocking' | 'awaiting';

/** What a worker is told. */
export interface Exchange {
  memory: SharedArrayBuffer;
  style: Style;
  frames: number;
  seed: number;
}

export const contentMax = 200;

function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** number, checksum, content */
export function makeFrame(number: number, prng: Prng): Uint8Array {
  const frame = new Uint8Array(8 + prng.below(contentMax));
  const content = frame.subarray(8);
  prng.fill(content);
  const view = new DataView(frame.buffer);
  view.setUint32(0, number);
  view.setUint32(4, (checksum(content) ^ number) >>> 0);
  return frame;
}

/** Says what is wrong with the frame that should have this number, undefined when nothing is. */
export function faultOf(frame: Uint8Array, number: number): string | undefined {
  if (frame.length < 8) return `frame ${number} is cut: ${frame.length} bytes`;
  const view = new DataView(frame.buffer, frame.byteOffset);
  if (view.getUint32(0) !== number) return `frame ${view.getUint32(0)} came instead of ${number}`;
  const sum = (checksum(frame.subarray(8)) ^ number) >>> 0;
  return view.getUint32(4) === sum ? undefined : `frame ${number} is torn`;
}

/** Pushes frames 0 to `frames` - 1, then closes. */
export async function pushAll(producer: SpscProducer, { style, frames }: Exchange, prng: Prng): Promise<void> {
  for (let number = 0; number < frames; number++) {
    const frame = makeFrame(number, prng);
    if (style === 'blocking') producer.pushFrame(frame);
    else {
      while (!producer.tryPushFrame(frame)) {
        if (style === 'awaiting') await producer.whenRoom(SpscRing.framedSize(frame.length));
      }
    }
  }
  producer.close();
}

/** Pops frames until the end. Returns how many there were; abandons and says what is wrong at the first bad one. */
export async function popAll(consumer: SpscConsumer, { style }: Exchange): Promise<number | string> {
  for (let number = 0; ; ) {
    const frame = style === 'blocking' ? consumer.popFrame() : consumer.tryPopFrame();
    if (frame !== undefined) {
      const fault = faultOf(frame, number++);
      if (fault === undefined) continue;
      consumer.abandon();
      return fault;
    }
    if (consumer.ended) return number;
    if (style === 'awaiting') await consumer.whenReadable();
  }
}
