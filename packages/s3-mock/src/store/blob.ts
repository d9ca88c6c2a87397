/**
 * Bytes that never change: the body of one PUT or of one part. Objects are made of pieces of blobs, and a blob goes
 * when nothing holds it any more.
 */
export interface Blob {
  readonly id: string;
  readonly length: number;
  /**
   * Its bytes [start, end), in pieces.
   *
   * @param position Where `start` stands in the object; only bodies that were not kept care.
   */
  read(start: number, end: number, position: number): AsyncIterable<Buffer>;
  /** One more that holds it. */
  acquire(): void;
  /** One less. The last one drops the bytes. */
  release(): void;
}

/** Takes a body while it arrives. One call at a time. */
export interface BlobWriter {
  /** Takes over the buffer. A promise when the caller must wait before it goes on. */
  write(bytes: Buffer): Promise<void> | undefined;
  /** The blob, held once by the caller. */
  finish(): Promise<Blob>;
  /** Drops what was written. */
  abort(): Promise<void>;
}

/** Where bodies are. */
export interface BlobStore {
  create(): BlobWriter;
}

/** Counts who holds a blob. */
export abstract class CountedBlob {
  readonly id: string;
  readonly length: number;
  #holders: number;

  constructor(id: string, length: number, holders = 1) {
    this.id = id;
    this.length = length;
    this.#holders = holders;
  }

  acquire(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.drop();
  }

  /** Frees the bytes; nobody reads them any more. */
  protected abstract drop(): void;
}
