import { type Blob, type BlobStore, type BlobWriter, CountedBlob } from './blob.ts';

/** A prime, so that no power of two comes back to the same bytes. */
const period = 1_048_573;
const pieceLength = 256 * 1024;
let pattern: Buffer | undefined;

/** One period of the bytes and one piece more, so that every piece is a slice of it. */
function patternBytes(): Buffer {
  if (pattern !== undefined) return pattern;
  pattern = Buffer.alloc(period + pieceLength);
  // xorshift32 (G. Marsaglia 2003).
  let state = 0x9e3779b9;
  for (let index = 0; index < period; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    pattern[index] = state & 255;
  }
  pattern.copy(pattern, period, 0, pieceLength);
  return pattern;
}

/**
 * The bytes [start, start + length) that every object has whose body was not kept. At most 256 KiB at once; the memory
 * is shared, and only for reading.
 */
export function discardedBytes(start: number, length: number): Buffer {
  if (length > pieceLength) throw new RangeError(`length must be at most ${pieceLength}, got ${length}`);
  const phase = start % period;
  return patternBytes().subarray(phase, phase + length);
}

/** Counts bodies and forgets them; reading gives {@link discardedBytes} of the position in the object. */
export class DiscardingBlobs implements BlobStore {
  #next = 1;

  create(): BlobWriter {
    const id = `d${this.#next++}`;
    let length = 0;
    return {
      write: (bytes) => {
        length += bytes.length;
        return undefined;
      },
      finish: async () => new DiscardedBlob(id, length),
      abort: async () => {},
    };
  }
}

/** A body of which only the length is known. */
export class DiscardedBlob extends CountedBlob implements Blob {
  async *read(start: number, end: number, position: number): AsyncGenerator<Buffer, void, undefined> {
    for (let done = 0; done < end - start; ) {
      const bytes = discardedBytes(position + done, Math.min(pieceLength, end - start - done));
      yield bytes;
      done += bytes.length;
    }
  }

  protected drop(): void {}
}
