import type { Socket } from 'node:net';
import type { Distance, Route } from '@libconveyor/storage/link';

/** Sends replies in order, each when it is due and no faster than the way back carries. */
export class Sender {
  readonly #socket: Socket;
  readonly #distance: Distance;
  readonly #down: Route;
  readonly #count: (byteCount: number) => void;
  #last: Promise<void> = Promise.resolve();

  /** @param count Told about bytes that are sent. */
  constructor(socket: Socket, distance: Distance, down: Route, count: (byteCount: number) => void) {
    this.#socket = socket;
    this.#distance = distance;
    this.#down = down;
    this.#count = count;
  }

  /**
   * Sends behind everything before.
   *
   * @param cutAfter So many bytes, then the connection is cut.
   */
  send(parts: readonly Buffer[], dueMs: number, cutAfter?: number): Promise<void> {
    this.#last = this.#last.then(() => this.#sendNow(parts, dueMs, cutAfter));
    return this.#last;
  }

  /** Resolves when everything so far is sent. */
  flush(): Promise<void> {
    return this.#last;
  }

  async #sendNow(parts: readonly Buffer[], dueMs: number, cutAfter = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#distance.waitUntil(dueMs);
    let left = cutAfter;
    for (const part of parts) {
      for (let at = 0; at < part.length && left > 0; ) {
        const piece = part.subarray(at, at + Math.min(this.#down.pieceLength, part.length, left));
        await this.#down.carry(piece.length);
        if (!(await this.#write(piece))) return;
        at += piece.length;
        left -= piece.length;
      }
    }
    if (left <= 0) this.#socket.destroy();
  }

  /** False when the connection is gone. */
  #write(piece: Buffer): Promise<boolean> {
    if (this.#socket.destroyed || !this.#socket.writable) return Promise.resolve(false);
    this.#count(piece.length);
    return new Promise((resolve) => {
      this.#socket.write(piece, (error) => resolve(error === null || error === undefined));
    });
  }
}
