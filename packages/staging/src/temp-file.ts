import { ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import type { Disk, DiskFile } from './disk.ts';
import { Gate } from './gate.ts';

/** The name of this package in its errors. */
export const origin = 'staging';

/** The error of whoever comes to something that is closed. Clause: T4. */
export function closedError(operation: string, path: string): ConveyorError {
  return new ConveyorError('EBADF', { origin, operation, path, kind: 'closed', detail: 'it is closed' });
}

/**
 * A file of the local disk that lives as long as its store. Whatever touches the descriptor enters the gate first;
 * `close` waits for those inside, then closes and removes. Clause: T4.
 */
export class TempFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #gate = new Gate();
  #closing: Promise<void> | undefined;

  private constructor(disk: Disk, path: string, file: DiskFile) {
    this.#disk = disk;
    this.path = path;
    this.#file = file;
  }

  /** Errors: those of open(2). */
  static async create(disk: Disk, path: string): Promise<TempFile> {
    try {
      return new TempFile(disk, path, await disk.create(path));
    } catch (thrown) {
      throw systemError(thrown, { origin, operation: 'create', path });
    }
  }

  /** How many reads and writes are running. */
  get inside(): number {
    return this.#gate.inside;
  }

  /** Fills `buffer`. Requires: the bytes have been written. Errors: EBADF when it is closed; those of pread(2). */
  async read(buffer: Uint8Array, offset: number): Promise<void> {
    await this.#transfer('read', buffer, offset, (part, at) => this.#file.read(part, at));
  }

  /** Writes all of `buffer`. Errors: EBADF when it is closed; ENOSPC, EDQUOT and others of pwrite(2). */
  async write(buffer: Uint8Array, offset: number): Promise<void> {
    await this.#transfer('write', buffer, offset, (part, at) => this.#file.write(part, at));
  }

  /** Refuses who comes, waits for who is inside, frees the descriptor and the name. Twice is once. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    await this.#gate.close();
    // The name goes even when the descriptor makes trouble: a file without a name is freed with the process.
    const results = await Promise.allSettled([this.#disk.remove(this.path), this.#file.close()]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw systemError(failed.reason, { origin, operation: 'close', path: this.path });
  }

  async #transfer(
    operation: 'read' | 'write',
    buffer: Uint8Array,
    offset: number,
    move: (part: Uint8Array, at: number) => Promise<number>,
  ): Promise<void> {
    if (!this.#gate.enter()) throw closedError(operation, this.path);
    const details: ErrorDetails = { origin, operation, path: this.path, offset, length: buffer.byteLength };
    try {
      for (let done = 0; done < buffer.byteLength; ) {
        const count = await move(buffer.subarray(done), offset + done);
        if (count <= 0) throw new ConveyorError('EIO', { ...details, detail: 'the temporary file has lost bytes' });
        done += count;
      }
    } catch (thrown) {
      throw systemError(thrown, details);
    } finally {
      this.#gate.leave();
    }
  }
}
