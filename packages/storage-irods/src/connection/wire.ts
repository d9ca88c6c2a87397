import type { Socket } from 'node:net';
import { encodeFrame, type Frame, type FrameInput, FrameReader } from '@libconveyor/irods-protocol';
import { ConnectionFailure } from './failure.ts';

/** How a frame is waited for. */
export interface Expectation {
  /** Gets the stream of bytes of the answer, which must not be longer. Default: memory of its own. */
  readonly target?: Uint8Array | undefined;
  /** The connection is given up when nothing has arrived for so long. */
  readonly timeoutMs: number;
}

interface Waiter extends Expectation {
  resolve(frame: Frame): void;
  reject(failure: ConnectionFailure): void;
}

/**
 * Frames over a socket: each answer goes to the one who asked first. There is no way back after a time-out or half a
 * frame: the socket is destroyed, and everybody who waits is told.
 */
export class Wire {
  #socket: Socket;
  readonly #reader: FrameReader;
  readonly #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: ConnectionFailure | undefined;
  #lost: (() => void) | undefined;
  #detach: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new FrameReader({ target: ({ bsLen }) => this.#targetFor(bsLen) });
    this.#attach(socket);
  }

  get isUsable(): boolean {
    return this.#failure === undefined;
  }

  /** Requests without an answer. */
  get pendingCount(): number {
    return this.#waiters.length;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** `action` runs once, when the connection is lost or was ended. */
  whenLost(action: () => void): void {
    this.#lost = action;
    if (this.#failure !== undefined) action();
  }

  /** Sends a frame at once, and waits for the answer. Errors: {@link ConnectionFailure}. */
  exchange(frame: FrameInput, expectation: Expectation): Promise<Frame> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ ...expectation, resolve, reject });
      if (this.#waiters.length === 1) this.#watch();
      this.#write(encodeFrame(frame));
    });
  }

  /** Sends what has no answer. */
  send(parts: readonly Uint8Array[]): void {
    if (this.#failure === undefined) this.#write(parts);
  }

  /** Goes on inside of another socket, which `upgrade` makes of this one. Nothing may be under way. */
  async upgrade(upgrade: (socket: Socket) => Promise<Socket>): Promise<void> {
    this.#detach();
    const raw = this.#socket;
    try {
      this.#socket = await upgrade(raw);
    } catch (thrown) {
      raw.destroy();
      throw thrown;
    }
    this.#attach(this.#socket);
  }

  /** Says goodbye and hangs up. */
  end(parts: readonly Uint8Array[]): void {
    if (this.#failure !== undefined) return;
    this.#write(parts);
    this.#socket.end();
    this.#lose(new ConnectionFailure('ECONNRESET', 'the connection was closed'), false);
    const socket = this.#socket;
    // Whoever does not close their side is not waited for.
    const timer = setTimeout(() => socket.destroy(), goodbyeMs).unref();
    socket.once('close', () => clearTimeout(timer));
    socket.resume();
  }

  destroy(failure: ConnectionFailure): void {
    this.#lose(failure, true);
  }

  #write(parts: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  #targetFor(bsLen: number): Uint8Array | undefined {
    const target = this.#waiters[0]?.target;
    return bsLen === 0 ? undefined : target;
  }

  #attach(socket: Socket): void {
    const onData = (chunk: Buffer): void => this.#take(chunk);
    const onEnd = (): void =>
      this.#lose(new ConnectionFailure('ECONNRESET', 'the server has ended the connection'), true);
    const onError = (thrown: Error): void =>
      this.#lose(new ConnectionFailure('ECONNRESET', thrown.message, thrown), true);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
    this.#detach = () => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
    };
  }

  #take(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        const waiter = this.#waiters.shift();
        if (waiter === undefined) throw new Error('the server sent what nobody asked for');
        waiter.resolve(frame);
      }
    } catch (thrown) {
      const { message } = thrown as Error;
      this.#lose(new ConnectionFailure('EPROTO', `the server is not understood: ${message}`, thrown), true);
      return;
    }
    this.#watch();
  }

  /** Waits for the first answer, from now on. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first] = this.#waiters;
    if (first === undefined) return;
    const { timeoutMs } = first;
    this.#timer = setTimeout(() => {
      this.#lose(new ConnectionFailure('ETIMEDOUT', `the server was silent for ${timeoutMs} ms`), true);
    }, timeoutMs);
  }

  #lose(failure: ConnectionFailure, destroys: boolean): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    clearTimeout(this.#timer);
    if (destroys) {
      // What a dying socket still says concerns nobody.
      this.#socket.on('error', () => undefined);
      this.#socket.destroy();
    }
    for (const { reject } of this.#waiters.splice(0)) reject(failure);
    this.#lost?.();
  }
}

const goodbyeMs = 2000;
