/** Bytes of one buffer of a pipeline: large enough that a turn of the event loop costs nothing beside it. */
export const pieceBytes: number = 512 * 1024;

/** Gives the next bytes of a source: as many as `buffer` holds, fewer only at the end. */
export type Fill = (buffer: Uint8Array) => Promise<number>;

/** Takes bytes, which are its own until it resolves. */
export type Drain = (bytes: Uint8Array) => Promise<void>;

/** Two buffers that one transfer after the other may use. */
export class Buffers {
  #pair: [Uint8Array, Uint8Array] | undefined;

  /** Memory is taken when first asked for. */
  pair(): [Uint8Array, Uint8Array] {
    this.#pair ??= [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
    return this.#pair;
  }
}

/** How a transfer ends. */
export interface TransferLimits {
  /** Bytes to move; undefined: until the source ends. */
  readonly length?: number | undefined;
  /** Ends the transfer between two pieces. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Moves bytes from a source to a sink: the next piece is read while the one before is written.
 *
 * @returns How many bytes were moved: less than `length` where the source ends before.
 * Errors: the first of either side, when neither uses a buffer any more; the signal's reason.
 */
export async function transfer(fill: Fill, drain: Drain, buffers: Buffers, limits: TransferLimits): Promise<number> {
  const { length = Number.POSITIVE_INFINITY, signal } = limits;
  let [current, next] = buffers.pair();
  let asked = 0;
  let moved = 0;
  const ask = (buffer: Uint8Array): Promise<number> => {
    const part = buffer.subarray(0, Math.min(buffer.byteLength, length - asked));
    asked += part.byteLength;
    return part.byteLength === 0 ? Promise.resolve(0) : fill(part);
  };
  let reading = ask(current);
  for (;;) {
    const count = await reading;
    signal?.throwIfAborted();
    if (count === 0) return moved;
    [current, next] = [next, current];
    reading = ask(current);
    // It may fail while the piece before is still written; it is looked at after that.
    reading.catch(() => undefined);
    try {
      await drain(next.subarray(0, count));
    } catch (thrown) {
      await reading.catch(() => undefined);
      throw thrown;
    }
    moved += count;
  }
}
