import type { PhysicalFile, Vault } from './vault.ts';

const pageLength = 256 * 1024;

/** A file in memory, in pages; pages that nobody wrote take no memory. */
class MemoryFile implements PhysicalFile {
  readonly name: string;
  readonly #pages: (Buffer | undefined)[] = [];
  #size = 0;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Buffer {
    const end = Math.min(this.#size, offset + length);
    if (end <= offset) return Buffer.alloc(0);
    const read = Buffer.allocUnsafe(end - offset);
    this.#eachPiece(offset, end, (index, from, until, at) => {
      const page = this.#pages[index];
      if (page === undefined) read.fill(0, at, at + until - from);
      else page.copy(read, at, from, until);
    });
    return read;
  }

  write(offset: number, bytes: Uint8Array): void {
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#eachPiece(offset, offset + source.length, (index, from, until, at) => {
      const page = this.#pages[index] ?? Buffer.alloc(pageLength);
      this.#pages[index] = page;
      source.copy(page, from, at, at + until - from);
    });
    if (source.length > 0) this.#size = Math.max(this.#size, offset + source.length);
  }

  truncate(size: number): void {
    if (size < this.#size) {
      this.#pages.length = Math.min(this.#pages.length, Math.ceil(size / pageLength));
      this.#pages[Math.floor(size / pageLength)]?.fill(0, size % pageLength);
    }
    this.#size = size;
  }

  /** For each page of [start, end): its index, the range inside of it, and where that is in the whole range. */
  #eachPiece(
    start: number,
    end: number,
    visit: (index: number, from: number, until: number, at: number) => void,
  ): void {
    for (let at = start; at < end; ) {
      const index = Math.floor(at / pageLength);
      const from = at - index * pageLength;
      const until = Math.min(pageLength, end - index * pageLength);
      visit(index, from, until, at - start);
      at += until - from;
    }
  }
}

/** Keeps everything in memory; it goes with the server. */
export class MemoryVault implements Vault {
  #count = 0;

  create(): PhysicalFile {
    this.#count += 1;
    return new MemoryFile(String(this.#count));
  }

  open(name: string): PhysicalFile {
    throw new Error(`nothing is kept of ${name}`);
  }

  remove(): void {}

  close(): void {}
}
