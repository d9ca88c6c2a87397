import { Latch, withDeadline } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { Buffers, pieceBytes, transfer } from '../src/pipeline.ts';

/** A source of `length` bytes, each the low byte of its position. */
function source(length: number) {
  let at = 0;
  return async (buffer: Uint8Array): Promise<number> => {
    const count = Math.min(buffer.byteLength, length - at);
    for (let index = 0; index < count; index++) buffer[index] = (at + index) & 0xff;
    at += count;
    return count;
  };
}

describe('transfer', () => {
  test.each([0, 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes])('moves %i bytes in order', async (length) => {
    let at = 0;
    const drain = async (bytes: Uint8Array) => {
      for (const [index, byte] of bytes.entries()) if (byte !== ((at + index) & 0xff)) throw new Error('another byte');
      at += bytes.byteLength;
    };
    expect(await transfer(source(length), drain, new Buffers(), {})).toBe(length);
    expect(at).toBe(length);
  });

  test('asks for no byte more than it should', async () => {
    const asked: number[] = [];
    const fill = async (buffer: Uint8Array) => {
      asked.push(buffer.byteLength);
      return buffer.byteLength;
    };
    const length = pieceBytes + 5;
    expect(await transfer(fill, async () => undefined, new Buffers(), { length })).toBe(length);
    expect(asked).toEqual([pieceBytes, 5]);
  });

  test('reads the next piece while the one before is written, and no further', async () => {
    const writing = new Latch(1);
    const secondRead = new Latch(1);
    let reads = 0;
    const fill = async (buffer: Uint8Array) => {
      if (++reads === 2) secondRead.countDown();
      return reads <= 3 ? buffer.byteLength : 0;
    };
    const drain = () => writing.wait();
    const moving = transfer(fill, drain, new Buffers(), {});
    await withDeadline(secondRead.wait(), 'a second read during the first write');
    expect(reads).toBe(2);
    writing.countDown();
    expect(await moving).toBe(3 * pieceBytes);
  });

  test('a read that fails beside a write that goes on is told after it, and never as unhandled', async () => {
    let reads = 0;
    let written = 0;
    const fill = async (buffer: Uint8Array) => {
      if (++reads === 2) throw new Error('unreadable');
      return buffer.byteLength;
    };
    const drain = async (bytes: Uint8Array) => {
      // Turns of the event loop, after which Node asks whether somebody looks at the failure.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      written += bytes.byteLength;
    };
    await expect(transfer(fill, drain, new Buffers(), {})).rejects.toThrow('unreadable');
    expect(written).toBe(pieceBytes);
  });

  test('a write that fails is told when the read beside it has ended', async () => {
    const reading = new Latch(1);
    const failed = new Latch(1);
    let hasEnded = false;
    let reads = 0;
    const fill = async (buffer: Uint8Array) => {
      if (++reads === 2) {
        await reading.wait();
        hasEnded = true;
      }
      return buffer.byteLength;
    };
    const drain = async () => {
      failed.countDown();
      throw new Error('full');
    };
    const moving = transfer(fill, drain, new Buffers(), {}).catch((error: Error) => [error.message, hasEnded]);
    await withDeadline(failed.wait(), 'the write');
    reading.countDown();
    expect(await moving).toEqual(['full', true]);
  });

  test('the error of a read is told behind the write of what was read before', async () => {
    let written = 0;
    let reads = 0;
    const fill = async (buffer: Uint8Array) => {
      if (++reads === 3) throw new Error('gone');
      return buffer.byteLength;
    };
    const drain = async (bytes: Uint8Array) => {
      written += bytes.byteLength;
    };
    await expect(transfer(fill, drain, new Buffers(), {})).rejects.toThrow('gone');
    expect(written).toBe(2 * pieceBytes);
  });

  test('an aborted signal ends it before the next piece is written', async () => {
    const controller = new AbortController();
    let writes = 0;
    const drain = async () => {
      writes++;
      controller.abort();
    };
    const fill = async (buffer: Uint8Array) => buffer.byteLength;
    const moving = transfer(fill, drain, new Buffers(), { signal: controller.signal });
    await expect(moving).rejects.toMatchObject({ name: 'AbortError' });
    expect(writes).toBe(1);
  });
});
