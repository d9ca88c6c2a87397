import { type ErrnoName, errnoError, requireInteger } from '@libconveyor/errors';

/**
 * The one definition of truth for file contents in tests: an array of bytes that behaves as a regular POSIX file does
 * (pread(2), pwrite(2), ftruncate(2)). The C++ twin is `conveyor::testkit::FileModel`.
 *
 * Errors: ConveyorError EINVAL for a negative offset or size, EFBIG past `sizeMax`.
 */
export class FileModel {
  readonly #sizeMax: number;
  #memory = new Uint8Array(256);
  #size = 0;

  /** @param sizeMax Bounds the file, so that a wild offset is EFBIG and not the machine's memory. */
  constructor(sizeMax: number = 2 ** 30) {
    requireInteger('sizeMax', sizeMax, 0);
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Copies bytes from `offset` on into `out`. Returns how many there were: fewer than asked only at the end of file.
   */
  pread(out: Uint8Array, offset: number): number {
    if (offset < 0) throw refused('EINVAL', 'read', offset, out.length);
    if (offset >= this.#size) return 0;
    const end = Math.min(offset + out.length, this.#size);
    out.set(this.#memory.subarray(offset, end));
    return end - offset;
  }

  /** Puts `data` at `offset`; a gap before it reads as zeros. Returns data.length; 0 bytes change nothing. */
  pwrite(data: Uint8Array, offset: number): number {
    if (offset < 0) throw refused('EINVAL', 'write', offset, data.length);
    if (data.length === 0) return 0;
    const end = offset + data.length;
    if (end > this.#sizeMax) throw refused('EFBIG', 'write', offset, data.length);
    this.#reserve(end);
    this.#memory.set(data, offset);
    this.#size = Math.max(this.#size, end);
    return data.length;
  }

  /** Puts `data` at the end of file. Returns data.length. */
  append(data: Uint8Array): number {
    return this.pwrite(data, this.#size);
  }

  /** Cuts the file, or extends it by zeros. */
  truncate(size: number): void {
    if (size < 0) throw refused('EINVAL', 'truncate', size);
    if (size > this.#sizeMax) throw refused('EFBIG', 'truncate', size);
    this.#reserve(size);
    if (size < this.#size) this.#memory.fill(0, size, this.#size); // what is past the end is always zero
    this.#size = size;
  }

  /** A copy of the whole content. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#memory.slice(0, this.#size);
  }

  #reserve(size: number): void {
    if (size <= this.#memory.length) return;
    const larger = new Uint8Array(Math.max(size, this.#memory.length * 2));
    larger.set(this.#memory.subarray(0, this.#size));
    this.#memory = larger;
  }
}

function refused(code: ErrnoName, operation: string, offset: number, length?: number): Error {
  return errnoError(code, { origin: 'file-model', operation, offset, length });
}
