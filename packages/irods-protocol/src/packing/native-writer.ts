import type { PackWriter } from './pack-stream.ts';
import { requireCarriable, requireInt32, requireSafe } from './text-rules.ts';

/** What stands for a NULL pointer, with its NUL. */
export const nullText = '%@#ANULLSTR$%\0';

/** Writes elements in native packing: integers big endian, texts with a NUL behind them, no tags. */
export class NativeWriter implements PackWriter {
  readonly #parts: Buffer[] = [];

  /** What was written so far. */
  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }

  beginStructure(): void {}

  endStructure(): void {}

  integer(tag: string, value: number): void {
    requireInt32(tag, value);
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    this.#parts.push(part);
  }

  long(tag: string, value: number): void {
    requireSafe(tag, value);
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(BigInt(value));
    this.#parts.push(part);
  }

  text(tag: string, value: string): void {
    requireCarriable(tag, value);
    this.#parts.push(Buffer.from(`${value}\0`, 'utf8'));
  }

  bytes(_tag: string, value: Uint8Array): void {
    this.#parts.push(Buffer.from(value));
  }

  nothing(): void {
    this.#parts.push(Buffer.from(nullText, 'latin1'));
  }

  omittedInteger(tag: string): void {
    this.integer(tag, 0);
  }
}
