import { constants } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConveyorError, type ErrorDetails } from '@libconveyor/errors';
import { type Attributes, FileAdapter, type FileContext, type FileStat, throwIfAborted } from '@libconveyor/storage';
import {
  close,
  fchmod,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  futimes,
  readAt,
  syncDirectory,
  transferAll,
  writeAt,
} from './descriptor.ts';
import { directIoBytes, isDirect, misalignedMemory, requireAligned } from './direct-io.ts';
import { codeOf, mapError, origin } from './error-map.ts';
import { fileStatOf, timesOf } from './file-stat.ts';

/** An open file of the local file system, its descriptor its own. */
export class FsFile extends FileAdapter {
  readonly #fd: number;
  readonly #osPath: string;
  readonly #isDirect: boolean;
  /** Whether the name is still to be made durable, too: this opening may have created it. */
  #nameIsNew: boolean;

  /** @param osPath Where the file is for the kernel; `context.path` is where it is for the user. */
  constructor(context: FileContext, fd: number, osPath: string) {
    super(context);
    this.#fd = fd;
    this.#osPath = osPath;
    this.#isDirect = isDirect(context.flags);
    this.#nameIsNew = (context.flags & constants.O_CREAT) !== 0;
  }

  /** Native I/O knows nothing of alignment: a file opened with O_DIRECT keeps its descriptor to itself. */
  protected override get _fd(): number | undefined {
    return this.#isDirect ? undefined : this.#fd;
  }

  protected override async _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    if (this.#isDirect) return this.#readDirect(buffer, offset);
    const transfer = (part: Uint8Array, done: number) => readAt(this.#fd, part, offset + done);
    return transferAll(buffer, transfer, this.#mayGoOn('read', signal));
  }

  protected override async _write(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    if (this.#isDirect) requireAligned('write', this.path, offset, buffer.byteLength);
    const transfer = (part: Uint8Array, done: number) => writeAt(this.#fd, part, offset + done);
    await this.#writeAll('write', buffer, transfer, signal);
  }

  protected override async _append(buffer: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#isDirect) requireAligned('append', this.path, 0, buffer.byteLength);
    await this.#writeAll('append', buffer, (part) => writeAt(this.#fd, part, null), signal);
  }

  protected override async _size(): Promise<number> {
    return Number((await fstat(this.#fd)).size);
  }

  protected override async _stat(): Promise<FileStat> {
    return fileStatOf(await fstat(this.#fd));
  }

  protected override async _setAttributes(attributes: Attributes): Promise<void> {
    if (attributes.mode !== undefined) await fchmod(this.#fd, attributes.mode);
    if (attributes.atimeMs === undefined && attributes.mtimeMs === undefined) return;
    const { atimeS, mtimeS } = timesOf(attributes, await fstat(this.#fd));
    await futimes(this.#fd, atimeS, mtimeS);
  }

  protected override async _truncate(size: number): Promise<void> {
    await ftruncate(this.#fd, size);
  }

  protected override async _sync(dataOnly: boolean): Promise<void> {
    await (dataOnly ? fdatasync : fsync)(this.#fd);
    if (!this.#nameIsNew) return;
    await syncNameOf(this.#osPath);
    this.#nameIsNew = false;
  }

  protected override async _close(): Promise<void> {
    await close(this.#fd);
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    const transfers = details.operation === 'read' || details.operation === 'write' || details.operation === 'append';
    if (!this.#isDirect || !transfers || codeOf(thrown) !== 'EINVAL' || thrown instanceof ConveyorError) {
      return mapError(thrown, details);
    }
    return new ConveyorError('EINVAL', { ...details, detail: misalignedMemory, cause: thrown });
  }

  /** One call: behind a short direct read lies the end of the file, and no aligned offset to go on from. */
  async #readDirect(buffer: Uint8Array, offset: number): Promise<number> {
    requireAligned('read', this.path, offset, buffer.byteLength);
    let ended = false;
    const transfer = async (part: Uint8Array, done: number) => {
      if (ended) return 0;
      const count = await readAt(this.#fd, part, offset + done);
      ended = count % directIoBytes !== 0;
      return count;
    };
    return transferAll(buffer, transfer, () => undefined);
  }

  async #writeAll(
    operation: string,
    buffer: Uint8Array,
    transfer: (part: Uint8Array, done: number) => Promise<number>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const done = await transferAll(buffer, transfer, this.#mayGoOn(operation, signal));
    if (done === buffer.byteLength) return;
    const detail = `the kernel took ${done} of ${buffer.byteLength} bytes`;
    throw new ConveyorError('EIO', { origin, operation, path: this.path, detail });
  }

  #mayGoOn(operation: string, signal: AbortSignal | undefined): () => void {
    return () => throwIfAborted(signal, { origin, operation, path: this.path });
  }
}

/** An open file that has no name yet; it remembers the permission bits it was given, which writing may take away. */
export class UnpublishedFile extends FsFile {
  mode: number | undefined;

  protected override async _setAttributes(attributes: Attributes): Promise<void> {
    await super._setAttributes(attributes);
    this.mode = attributes.mode ?? this.mode;
  }
}

/** Syncs the directory that holds a file's name. A name that is gone meanwhile needs no durability. */
async function syncNameOf(osPath: string): Promise<void> {
  try {
    await syncDirectory(dirname(await realpath(osPath)));
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}
