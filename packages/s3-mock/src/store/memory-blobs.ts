import { type Blob, type BlobStore, type BlobWriter, CountedBlob } from './blob.ts';

/** Pieces below this size are copied: they would keep the larger buffer alive that they were read into. */
const copiedLengthMax = 48 * 1024;

/** Bodies in memory. */
export class MemoryBlobs implements BlobStore {
  #next = 1;

  create(): BlobWriter {
    return new MemoryBlobWriter(`m${this.#next++}`);
  }
}

class MemoryBlobWriter implements BlobWriter {
  readonly #id: string;
  readonly #pieces: Buffer[] = [];
  readonly #ends: number[] = [];
  #length = 0;

  constructor(id: string) {
    this.#id = id;
  }

  write(bytes: Buffer): undefined {
    const piece = bytes.length < copiedLengthMax ? Buffer.from(bytes) : bytes;
    this.#length += piece.length;
    this.#pieces.push(piece);
    this.#ends.push(this.#length);
  }

  async finish(): Promise<Blob> {
    return new MemoryBlob(this.#id, this.#length, this.#pieces, this.#ends);
  }

  async abort(): Promise<void> {
    this.#pieces.length = 0;
  }
}

class MemoryBlob extends CountedBlob implements Blob {
  readonly #pieces: Buffer[];
  /** Where each piece ends. */
  readonly #ends: number[];

  constructor(id: string, length: number, pieces: Buffer[], ends: number[]) {
    super(id, length);
    this.#pieces = pieces;
    this.#ends = ends;
  }

  async *read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    let position = start;
    for (let index = this.#indexOf(start); position < end; index++) {
      const piece = this.#pieces[index] as Buffer;
      const pieceStart = (this.#ends[index] as number) - piece.length;
      const bytes = piece.subarray(position - pieceStart, end - pieceStart);
      yield bytes;
      position += bytes.length;
    }
  }

  /** The first piece that ends behind a position. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  protected drop(): void {
    this.#pieces.length = 0;
    this.#ends.length = 0;
  }
}
