import type { Socket } from 'node:net';
import { type Frame, type FrameHeader, FrameReader, type PendingFrame } from '@libconveyor/irods-protocol';
import type { Route } from '@libconveyor/storage/link';

/** What arrives on a connection, as frames. Bytes come no faster than the way there carries them. */
export class Wire {
  readonly #socket: Socket;
  readonly #up: Route;
  readonly #count: (byteCount: number) => void;
  readonly #reader = new FrameReader();
  #isEnded = false;
  #wake: (() => void) | undefined;
  /** What arrived and is still on its way. */
  #carrying = 0;

  /** @param count Told about bytes that arrive. */
  constructor(socket: Socket, up: Route, count: (byteCount: number) => void) {
    this.#socket = socket;
    this.#up = up;
    this.#count = count;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onEnd);
  }

  /**
   * The next frame, or undefined at the end of the connection.
   *
   * @param onPending Called when a part of a frame with a stream of bytes has arrived; true ends the connection for us.
   * Errors: PackingError for what is no frame.
   */
  next(onPending: (pending: PendingFrame) => boolean = () => false): Promise<Frame | undefined> {
    return this.#wait(() => {
      const frame = this.#reader.next();
      const { pending } = this.#reader;
      if (frame === undefined && pending !== undefined && onPending(pending)) this.#isEnded = true;
      return frame;
    });
  }

  /** The next header that has nothing behind it. */
  nextHeader(): Promise<FrameHeader | undefined> {
    return this.#wait(() => this.#reader.nextHeader());
  }

  /** So many bytes between two frames. */
  take(length: number): Promise<Buffer | undefined> {
    return this.#wait(() => this.#reader.take(length));
  }

  /** Reads on although nobody waits for a frame, so that the end of the connection is noticed. */
  listen(onEnd: () => void): void {
    this.#socket.once('close', onEnd);
    this.#socket.resume();
  }

  /** Leaves the socket to somebody else, with everything that was not used. */
  detach(): void {
    this.#socket.pause();
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    const rest = this.#reader.drain();
    if (rest.length > 0) this.#socket.unshift(rest);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#count(chunk.length);
    const carried = this.#up.carry(chunk.length);
    if (carried === undefined && this.#carrying === 0) {
      this.#arrive(chunk);
      return;
    }
    this.#carrying += 1;
    this.#socket.pause();
    void Promise.resolve(carried).then(() => {
      this.#carrying -= 1;
      this.#arrive(chunk);
      if (this.#carrying === 0) this.#socket.resume();
    });
  };

  readonly #onEnd = (): void => {
    this.#isEnded = true;
    this.#wake?.();
  };

  #arrive(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (this.#wake === undefined) this.#socket.pause();
    this.#wake?.();
  }

  async #wait<T>(take: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const taken = take();
      if (taken !== undefined || this.#isEnded) return taken;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.resume();
      });
      this.#wake = undefined;
    }
  }
}
