import { decodeHeader, type Frame, type FrameHeader, headerLengthMax } from './frame.ts';
import { PackingError } from './packing/packing-error.ts';

/** Settings of a {@link FrameReader}. */
export interface FrameReaderOptions {
  /** Bodies and error blocks longer than this are refused, bytes. Default 64 MiB. */
  readonly messageLengthMax?: number | undefined;
  /** Streams of bytes longer than this are refused. Default 2^31 - 1, which is what the protocol allows. */
  readonly streamLengthMax?: number | undefined;
  /**
   * Where the stream of bytes of a frame goes, as soon as its header is known: memory of at least `bsLen` bytes, or
   * undefined for memory of its own. `bytes` of the frame is a view of it.
   */
  readonly target?: ((header: FrameHeader) => Uint8Array | undefined) | undefined;
}

/** A frame whose header has arrived. */
export interface PendingFrame {
  readonly header: FrameHeader;
  /** How much of body, error block and stream has arrived, bytes. */
  readonly received: number;
}

const defaultMessageLengthMax = 64 * 1024 ** 2;

/**
 * Makes frames of the chunks of a connection, however they are cut. Streams of bytes are copied once, into their
 * place, while they arrive.
 *
 * Errors: PackingError from `push`-ed bytes that are no frames, thrown by `next`; the connection is of no use then.
 */
export class FrameReader {
  readonly #messageLengthMax: number;
  readonly #streamLengthMax: number;
  readonly #target: NonNullable<FrameReaderOptions['target']>;
  /** Arrived and not yet used; without the stream of the pending frame. */
  #chunks: Buffer[] = [];
  #length = 0;
  #header: FrameHeader | undefined;
  #message: Buffer | undefined;
  #stream: Buffer | undefined;
  #streamed = 0;

  constructor(options: FrameReaderOptions = {}) {
    this.#messageLengthMax = options.messageLengthMax ?? defaultMessageLengthMax;
    this.#streamLengthMax = options.streamLengthMax ?? 2 ** 31 - 1;
    this.#target = options.target ?? (() => undefined);
  }

  /** Takes what has arrived. The reader keeps views of it. */
  push(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // The middle of a stream goes to its place at once.
    if (this.#stream !== undefined && this.#length === 0) rest = rest.subarray(this.#fill(rest));
    if (rest.length === 0) return;
    this.#chunks.push(rest);
    this.#length += rest.length;
  }

  /** The next whole frame, or undefined until more has arrived. */
  next(): Frame | undefined {
    this.#header ??= this.#readHeader();
    const header = this.#header;
    if (header === undefined) return undefined;
    const { type, intInfo, msgLen, errorLen, bsLen } = header;
    this.#message ??= this.#take(msgLen + errorLen);
    if (this.#message === undefined) return undefined;
    this.#stream ??= this.#openStream(header);
    while (this.#streamed < bsLen && this.#length > 0) this.#fillFromChunks();
    if (this.#streamed < bsLen) return undefined;
    const body = this.#message.subarray(0, msgLen);
    const frame = { type, intInfo, body, error: this.#message.subarray(msgLen), bytes: this.#stream };
    this.#header = undefined;
    this.#message = undefined;
    this.#stream = undefined;
    this.#streamed = 0;
    return frame;
  }

  /**
   * The next header, of a frame that has nothing behind it although its header has lengths (the choice of a cipher
   * while TLS is set up), or undefined until more has arrived.
   */
  nextHeader(): FrameHeader | undefined {
    const header = this.#header ?? this.#readHeader(false);
    this.#header = undefined;
    return header;
  }

  /** So many bytes between two frames, or undefined until they have arrived. */
  take(length: number): Buffer | undefined {
    return this.#take(length);
  }

  /** The frame that has arrived in part, if its header has. */
  get pending(): PendingFrame | undefined {
    if (this.#header === undefined) return undefined;
    const { msgLen, errorLen } = this.#header;
    const received = this.#message === undefined ? this.#length : msgLen + errorLen + this.#streamed;
    return { header: this.#header, received };
  }

  /** Whether nothing has arrived that is not used up. */
  get isEmpty(): boolean {
    return this.#length === 0 && this.#header === undefined;
  }

  /** Takes everything that has arrived and is not used up, to hand it to a layer below. */
  drain(): Buffer {
    return this.#take(this.#length) ?? Buffer.alloc(0);
  }

  #readHeader(checkLengths = true): FrameHeader | undefined {
    if (this.#length < 4) return undefined;
    const length = this.#peekLength();
    if (length === 0 || length > headerLengthMax) throw new PackingError(`a header of ${length} bytes`);
    if (this.#length < 4 + length) return undefined;
    const header = decodeHeader((this.#take(4 + length) as Buffer).subarray(4));
    if (checkLengths && (header.msgLen > this.#messageLengthMax || header.errorLen > this.#messageLengthMax)) {
      throw new PackingError(`a message of ${header.msgLen} and ${header.errorLen} bytes`);
    }
    if (checkLengths && header.bsLen > this.#streamLengthMax) {
      throw new PackingError(`a stream of ${header.bsLen} bytes`);
    }
    return header;
  }

  #peekLength(): number {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= 4) return first.readUInt32BE();
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.readUInt32BE();
  }

  #openStream(header: FrameHeader): Buffer {
    const given = header.bsLen === 0 ? undefined : this.#target(header);
    if (given === undefined) return Buffer.allocUnsafe(header.bsLen);
    if (given.byteLength < header.bsLen)
      throw new PackingError(`${header.bsLen} bytes for a target of ${given.byteLength}`);
    return Buffer.from(given.buffer, given.byteOffset, header.bsLen);
  }

  #fillFromChunks(): void {
    const [first] = this.#chunks as [Buffer];
    const used = this.#fill(first);
    this.#length -= used;
    if (used === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(used);
  }

  #fill(source: Buffer): number {
    const stream = this.#stream as Buffer;
    const used = source.copy(stream, this.#streamed, 0, Math.min(source.length, stream.length - this.#streamed));
    this.#streamed += used;
    return used;
  }

  #take(length: number): Buffer | undefined {
    if (this.#length < length) return undefined;
    if (length === 0) return Buffer.alloc(0);
    this.#length -= length;
    const [first] = this.#chunks as [Buffer];
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const chunk = this.#chunks[0] as Buffer;
      const part = chunk.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}
