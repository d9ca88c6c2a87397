import { describe, expect, test } from 'vitest';
import { ReadBuffers } from '../src/read-buffers.ts';

const mib = 1024 ** 2;

describe('buffers for reads', () => {
  test('are used again while there are reads, by lengths that differ a little too', () => {
    const buffers = new ReadBuffers();
    const other = buffers.take(mib);
    const first = buffers.take(mib);
    buffers.giveBack(first);
    // Compared here: a failure would print a megabyte.
    expect(buffers.take(mib - 5000) === first).toBe(true);
    buffers.giveBack(other);
    expect(buffers.take(mib + 1) === other).toBe(false);
  });

  test('are never given to two at once', () => {
    const buffers = new ReadBuffers();
    const taken = new Set(Array.from({ length: 8 }, () => buffers.take(100_000)));
    expect(taken.size).toBe(8);
  });

  test('are forgotten when nobody reads', () => {
    const buffers = new ReadBuffers();
    const [first, second] = [buffers.take(mib), buffers.take(mib)];
    buffers.giveBack(first);
    expect(buffers.bytesKept).toBe(mib);
    buffers.lose();
    expect(buffers.bytesKept).toBe(0);
    const third = buffers.take(mib);
    expect(third === first || third === second).toBe(false);
  });

  test('are bounded, and small ones are not kept', () => {
    const buffers = new ReadBuffers();
    buffers.take(1);
    for (const taken of Array.from({ length: 40 }, () => buffers.take(mib))) {
      buffers.giveBack(taken);
      expect(buffers.bytesKept).toBeLessThanOrEqual(32 * mib);
    }
    const before = buffers.bytesKept;
    buffers.giveBack(buffers.take(4096));
    expect(buffers.bytesKept).toBe(before);
  });

  test('that one still uses are not given to another', () => {
    const buffers = new ReadBuffers();
    buffers.take(mib);
    const lost = buffers.take(mib);
    buffers.lose();
    expect(buffers.take(mib) === lost).toBe(false);
  });
});
