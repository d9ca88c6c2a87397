/**
 * Memory for parts, shared by all files of a storage. Each open file has room for one part whatever the others do;
 * beyond that, files share `bytesMax`. Blocks are used again: a collector would free them too late.
 */
export class PartMemory {
  readonly #bytesMax: number;
  readonly #free = new Map<number, Uint8Array[]>();
  #bytesTaken = 0;
  #bytesFree = 0;
  #isClosed = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that files hold beyond one part each. */
  get bytesTaken(): number {
    return this.#bytesTaken;
  }

  /** Reserves room. @returns False when there is none: the file has to free some of its own. */
  take(bytes: number): boolean {
    if (this.#bytesTaken + bytes > this.#bytesMax) return false;
    this.#bytesTaken += bytes;
    return true;
  }

  /** Reserves room that there is not: for a file that has nothing to free. */
  force(bytes: number): void {
    this.#bytesTaken += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytesTaken -= bytes;
  }

  /** A block, its content whatever it was. */
  block(length: number): Uint8Array {
    const block = this.#free.get(length)?.pop();
    if (block === undefined) {
      // Parts grow: nobody asks for the smaller ones any more.
      this.#free.clear();
      this.#bytesFree = 0;
      return Buffer.allocUnsafeSlow(length);
    }
    this.#bytesFree -= length;
    return block;
  }

  /** Keeps no blocks any more: nobody will ask for them. */
  close(): void {
    this.#isClosed = true;
    this.#free.clear();
    this.#bytesFree = 0;
  }

  /** Bytes that are kept for whoever asks next. */
  get bytesFree(): number {
    return this.#bytesFree;
  }

  /** Requires: nobody uses the block any more. */
  release(block: Uint8Array): void {
    const length = block.byteLength;
    if (this.#isClosed || this.#bytesTaken + this.#bytesFree + length > this.#bytesMax) return;
    this.#bytesFree += length;
    const blocks = this.#free.get(length);
    if (blocks === undefined) this.#free.set(length, [block]);
    else blocks.push(block);
  }
}
