import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { FileAdapter, type FileContext, type FileStat } from '@libconveyor/storage';
import { mapError, Refusal } from './error-map.ts';
import { fileStatOf } from './file-stat.ts';
import type { ObjectHead, ObjectReader } from './object-reader.ts';
import type { Objects } from './objects.ts';
import { WholeCheck } from './whole-check.ts';

/** An object open for reading: one version of it, whatever becomes of its name. */
export class S3ReadFile extends FileAdapter {
  readonly #objects: Objects;
  readonly #head: ObjectHead | undefined;
  readonly #reader: ObjectReader;
  readonly #check: WholeCheck;
  /** The checksum that the server keeps; asked for when reading goes beyond the first bytes. */
  #checksum: Promise<string | undefined> | undefined;
  readonly #closing = new AbortController();
  /** Some of the bytes that were read are wrong, nobody knows which: no further read may hide that. */
  #broken: Refusal | undefined;

  /** @param head Undefined for an object without bytes. */
  constructor(context: FileContext, objects: Objects, reader: ObjectReader, head: ObjectHead | undefined) {
    super(context);
    this.#objects = objects;
    this.#head = head;
    this.#reader = reader;
    this.#check = new WholeCheck(reader.info.size);
    const { crc32 } = reader.info;
    if (crc32 !== undefined) this.#checksum = Promise.resolve(crc32);
  }

  protected override async _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    const { size } = this.#reader.info;
    const count = Math.max(0, Math.min(buffer.byteLength, size - offset));
    if (count === 0) return 0;
    const target = buffer.subarray(0, count);
    const fromHead = Math.max(0, Math.min(count, (this.#head?.length ?? 0) - offset));
    const hasHead = fromHead > 0 && (await this.#head?.read(target.subarray(0, fromHead), offset)) === true;
    const done = hasHead ? fromHead : 0;
    if (done < count) {
      this.#askChecksum();
      await this.#reader.fill(target.subarray(done), offset + done, signal);
    }
    await this.#verify(target, offset);
    return count;
  }

  protected override async _write(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _append(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _size(): Promise<number> {
    return this.#reader.info.size;
  }

  protected override async _stat(): Promise<FileStat> {
    return fileStatOf(this.#reader.info);
  }

  protected override async _setAttributes(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _truncate(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _sync(): Promise<void> {
    // Nothing is written here.
  }

  protected override async _close(): Promise<void> {
    this.#closing.abort();
    await this.#head?.close();
    await this.#checksum;
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** Asked beside the first read that needs more than the opening brought: it costs nobody a wait. */
  #askChecksum(): void {
    if (this.#checksum !== undefined || !this.#check.isActive) return;
    const { key, info } = this.#reader;
    this.#checksum = this.#objects.head(key, this.#closing.signal).then(
      (found) => (found?.etag === info.etag ? found.crc32 : undefined),
      // No checksum, no check: the reads themselves say what is wrong.
      () => undefined,
    );
  }

  /** Errors: ERR_CONVEYOR_CHECKSUM when the object has been read to its end and is not what the server keeps. */
  async #verify(bytes: Uint8Array, offset: number): Promise<void> {
    const found = this.#check.add(offset, bytes);
    if (found === undefined || this.#checksum === undefined) return;
    const expected = await this.#checksum;
    if (expected === undefined || expected === found) return;
    const detail = `CRC-32 ${found} of all bytes read instead of ${expected}`;
    this.#broken = new Refusal('ERR_CONVEYOR_CHECKSUM', detail);
    throw this.#broken;
  }
}
