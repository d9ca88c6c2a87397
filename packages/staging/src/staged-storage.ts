import { constants } from 'node:fs';
import { ConveyorError, requireInteger, requireOptions } from '@libconveyor/errors';
import {
  type Attributes,
  FileAdapter,
  type FileContext,
  type FileStat,
  InterceptedStorage,
  isWritable,
  type OpenFlags,
  type OpenOptions,
  parseFlags,
  type Storage,
  type StorageFile,
} from '@libconveyor/storage';
import { storageSource } from './sources/file-source.ts';
import type { StagedFile } from './staged-file.ts';
import type { StagingManager } from './staging-manager.ts';

/** The name of this layer in its errors. */
const origin = 'with-staging';

/** Options of {@link withStaging}. */
export interface WithStagingOptions {
  /** Files shorter than this are opened as they are, bytes. Default: 0. */
  readonly minBytes?: number | undefined;
}

/**
 * A storage whose files are staged when they are opened for reading only; everything else goes on unchanged. An opening
 * asks for the version that is there then, and reads that one: openings of the same version share a temporary file, and
 * another version is another file (where the storage knows no versions, size and time stand for it).
 *
 * Open files have no `fd`. The manager stays the caller's, to be closed after the storage.
 *
 * Errors: TypeError, RangeError for nonsense in the options; those of `stat` and `open`; reads as {@link StagedFile}.
 */
export function withStaging(storage: Storage, manager: StagingManager, options: WithStagingOptions = {}): Storage {
  requireOptions('options', options, ['minBytes']);
  const { minBytes = 0 } = options;
  requireInteger('options.minBytes', minBytes, 0);
  return new StagedStorage(storage, manager, minBytes);
}

class StagedStorage extends InterceptedStorage {
  readonly #inner: Storage;
  readonly #manager: StagingManager;
  readonly #minBytes: number;
  readonly #files = new Set<StagedStorageFile>();
  #isClosed = false;

  constructor(inner: Storage, manager: StagingManager, minBytes: number) {
    super(inner, origin, { around: (_call, proceed) => proceed() });
    this.#inner = inner;
    this.#manager = manager;
    this.#minBytes = minBytes;
  }

  override async open(path: string, flags: OpenFlags, options?: OpenOptions): Promise<StorageFile> {
    // What is not staged, and what is wrong about a call, is told by the storage itself, in its own words.
    if (this.#isClosed || !isForReading(flags) || !this.#isPlain(options)) return super.open(path, flags, options);
    const stat = await this.stat(path, { signal: options?.signal });
    if (stat.type !== 'file' || stat.size < this.#minBytes) return super.open(path, flags, options);
    if (options?.ifVersion !== undefined && options.ifVersion !== stat.version) {
      throw new ConveyorError('ESTALE', { origin, operation: 'open', path, detail: 'it has another version' });
    }
    return this.#stage(path, parseFlags(flags), stat);
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#files].map((file) => file.close()));
    await super.close();
  }

  #isPlain(options: OpenOptions | undefined): boolean {
    if (options === undefined) return true;
    if (typeof options !== 'object' || options === null) return false;
    const { signal: _signal, ifVersion, ...others } = options;
    const knowsVersions = this.capabilities.changeDetection !== 'none' && typeof ifVersion === 'string';
    return Object.keys(others).length === 0 && (ifVersion === undefined || knowsVersions);
  }

  async #stage(path: string, flags: number, stat: FileStat): Promise<StorageFile> {
    const source = await storageSource(this.#inner, path, { stat });
    const staged = await this.#manager.stage(source, { size: stat.size });
    const context: FileContext = { origin, path, flags, capabilities: this.capabilities };
    const file = new StagedStorageFile(context, staged, stat, this.#inner);
    if (this.#isClosed) {
      await file.close();
      throw new ConveyorError('EBADF', { origin, operation: 'open', path, kind: 'closed', detail: 'it is closed' });
    }
    this.#files.add(file);
    file.whenClosed(() => this.#files.delete(file));
    return file;
  }
}

function isForReading(flags: OpenFlags): boolean {
  const parsed = parseFlags(flags);
  return !isWritable(parsed) && (parsed & (constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND)) === 0;
}

/** One version of a file, read from where it is staged. What its flags do not allow never comes here. */
class StagedStorageFile extends FileAdapter {
  readonly #staged: StagedFile;
  readonly #stat: FileStat;
  readonly #storage: Storage;

  constructor(context: FileContext, staged: StagedFile, stat: FileStat, storage: Storage) {
    super(context);
    this.#staged = staged;
    this.#stat = stat;
    this.#storage = storage;
  }

  /** Reads that wait for the source are ended, where a file of another storage would let them finish. */
  override async close(): Promise<void> {
    await Promise.all([this.#staged.close(), super.close()]);
  }

  protected override async _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    // A store that failed is tried again by whoever reads next, as a file of the storage itself would.
    if (this.#staged.state === 'failed') this.#staged.retry();
    return this.#staged.readAt(buffer, offset, signal);
  }

  protected override async _size(): Promise<number> {
    return this.#stat.size;
  }

  protected override async _stat(): Promise<FileStat> {
    return this.#stat;
  }

  protected override async _setAttributes(attributes: Attributes, signal?: AbortSignal): Promise<void> {
    await this.#storage.setAttributes(this.path, attributes, { signal });
  }

  protected override async _sync(): Promise<void> {
    // Nothing is written here.
  }

  protected override async _write(): Promise<void> {
    throw this.#refused('write');
  }

  protected override async _append(): Promise<void> {
    throw this.#refused('append');
  }

  protected override async _truncate(): Promise<void> {
    throw this.#refused('truncate');
  }

  protected override async _close(): Promise<void> {
    await this.#staged.close();
  }

  #refused(operation: string): ConveyorError {
    const detail = 'it is open for reading only';
    return new ConveyorError('EBADF', { origin, operation, path: this.path, detail });
  }
}
