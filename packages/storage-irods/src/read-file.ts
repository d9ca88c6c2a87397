import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { FileAdapter, type FileContext, type FileStat } from '@libconveyor/storage';
import { mapError, Refusal } from './error-map.ts';
import { fileStatOf } from './file-stat.ts';
import type { ReadObject } from './read-object.ts';
import { SequenceCheck } from './sequence-check.ts';

/** A data object open for reading: as long as it was when it was opened. */
export class IrodsReadFile extends FileAdapter {
  readonly #object: ReadObject;
  readonly #check: SequenceCheck | undefined;
  /** Some of the bytes that were read are wrong, nobody knows which: no further read may hide that. */
  #broken: Refusal | undefined;

  constructor(context: FileContext, object: ReadObject, verifies: boolean) {
    super(context);
    this.#object = object;
    const { checksum, size } = object.facts;
    this.#check = verifies ? SequenceCheck.of(checksum, size) : undefined;
  }

  protected override async _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    if (this.#broken !== undefined) throw this.#broken;
    const read = () => this.#object.read(buffer, offset, signal);
    if (this.#check === undefined) return read();
    try {
      return await this.#check.through(buffer, offset, read);
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.code === 'ERR_CONVEYOR_CHECKSUM') this.#broken = thrown;
      throw thrown;
    }
  }

  protected override async _write(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _append(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _size(): Promise<number> {
    return this.#object.facts.size;
  }

  protected override async _stat(): Promise<FileStat> {
    return fileStatOf(this.#object.facts);
  }

  protected override async _setAttributes(): Promise<void> {
    throw new Refusal('ENOTSUP', 'an object open for reading has no times that can be set; its path has');
  }

  protected override async _truncate(): Promise<void> {
    throw new Refusal('EBADF');
  }

  protected override async _sync(): Promise<void> {
    // Nothing is written here.
  }

  protected override _close(): Promise<void> {
    return this.#object.close();
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }
}
