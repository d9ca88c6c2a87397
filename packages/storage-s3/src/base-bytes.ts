import type { ObjectReader } from './object-reader.ts';

/** What a file was before it was written to: the begin of an object, and zeros behind it. */
export class BaseBytes {
  readonly reader: ObjectReader | undefined;
  #end: number;

  constructor(reader: ObjectReader | undefined) {
    this.reader = reader;
    this.#end = reader?.info.size ?? 0;
  }

  /** Where the object's bytes end that still count. */
  get end(): number {
    return this.#end;
  }

  /** What is cut off does not come back when the file grows again. */
  truncate(size: number): void {
    this.#end = Math.min(this.#end, size);
  }

  async fill(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    const old = this.#clear(target, offset);
    if (old.byteLength > 0) await this.reader?.fill(old, offset, signal);
  }

  /** For bytes that are written back. */
  async fillCertain(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    const old = this.#clear(target, offset);
    if (old.byteLength > 0) await this.reader?.fillCertain(old, offset, signal);
  }

  /** Zeros behind the object's bytes. @returns What the object has to fill. */
  #clear(target: Uint8Array, offset: number): Uint8Array {
    const count = Math.max(0, Math.min(target.byteLength, this.#end - offset));
    target.fill(0, count);
    return target.subarray(0, count);
  }
}
