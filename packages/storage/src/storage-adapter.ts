import { type ConveyorError, type ErrorDetails, systemError } from '@libconveyor/errors';
import { throwIfAborted } from './abort.ts';
import type { Capabilities } from './capabilities.ts';
import type { FileAdapter } from './file-adapter.ts';
import type { Attributes, DirectoryEntry, FileStat } from './file-stat.ts';
import type { OpenFlags } from './flags.ts';
import { OperationGate } from './operation-gate.ts';
import type {
  CopyOptions,
  MkdirOptions,
  OpenOptions,
  OperationOptions,
  ReplacementOptions,
  StatOptions,
} from './operation-options.ts';
import type { Replacement } from './replacement.ts';
import type { Storage, StorageFile, StorageReplacement } from './storage.ts';
import {
  admitAttributes,
  admitCopy,
  admitMakeLink,
  admitMkdir,
  admitOpen,
  admitPath,
  admitReadLink,
  admitRename,
  admitReplacement,
  admitStat,
  type StorageContext,
} from './storage-admission.ts';

/** What a storage says about itself when it is made. */
export interface StorageIdentity {
  readonly scheme: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The package, for errors: `storage-fs`. */
  readonly origin: string;
  /** O_* flags that it takes beside the common ones. Default none. */
  readonly extraFlags?: number;
}

/**
 * The half of a Storage that is the same everywhere: arguments, capabilities, signals, closing, context of errors. An
 * adapter extends it with methods that only work: `_open` and the others are called with good arguments, only for what
 * the capabilities promise, never after `close`, never with a signal that is aborted already, and may throw whatever
 * they like.
 */
export abstract class StorageAdapter implements Storage {
  readonly scheme: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  protected readonly context: Required<StorageContext>;
  readonly #gate = new OperationGate();
  readonly #files = new Set<FileAdapter | Replacement>();

  constructor(identity: StorageIdentity) {
    this.scheme = identity.scheme;
    this.name = identity.name;
    this.capabilities = Object.freeze({ ...identity.capabilities, io: Object.freeze({ ...identity.capabilities.io }) });
    const { origin, extraFlags = 0 } = identity;
    this.context = { origin, capabilities: this.capabilities, extraFlags };
  }

  async open(path: string, flags: OpenFlags, options?: OpenOptions): Promise<StorageFile> {
    const number = admitOpen(this.context, path, flags, options);
    return this.#run('open', path, options, async () => this.#keep(await this._open(path, number, options ?? {})));
  }

  async openReplacement(path: string, options?: ReplacementOptions): Promise<StorageReplacement> {
    admitReplacement(this.context, path, options);
    const work = async () => this.#keep(await this._openReplacement(path, options ?? {}));
    return this.#run('openReplacement', path, options, work);
  }

  async stat(path: string, options?: StatOptions): Promise<FileStat> {
    admitStat(path, options);
    const followLinks = options?.followLinks ?? true;
    return this.#run('stat', path, options, () => this._stat(path, followLinks, options?.signal));
  }

  async *list(path: string, options?: OperationOptions): AsyncGenerator<DirectoryEntry, void, undefined> {
    admitPath(path, options);
    const details = this.#details('list', path);
    const signal = options?.signal;
    let entries: AsyncIterator<DirectoryEntry> | undefined;
    const next = async (): Promise<IteratorResult<DirectoryEntry>> => {
      entries ??= this._list(path, signal)[Symbol.asyncIterator]();
      return entries.next();
    };
    try {
      for (;;) {
        const result = await this.#run('list', path, options, next);
        if (result.done) return;
        yield result.value;
      }
    } finally {
      await entries?.return?.().catch((thrown: unknown) => {
        throw this.mapError(thrown, details);
      });
    }
  }

  async mkdir(path: string, options?: MkdirOptions): Promise<void> {
    admitMkdir(this.context, path, options);
    return this.#run('mkdir', path, options, () => this._mkdir(path, options ?? {}));
  }

  async remove(path: string, options?: OperationOptions): Promise<void> {
    admitPath(path, options);
    return this.#run('remove', path, options, () => this._remove(path, options?.signal));
  }

  async rename(source: string, target: string, options?: OperationOptions): Promise<void> {
    admitRename(this.context, source, target, options);
    return this.#run('rename', source, options, () => this._rename(source, target, options?.signal));
  }

  async copy(source: string, target: string, options?: CopyOptions): Promise<void> {
    admitCopy(this.context, source, target, options);
    return this.#run('copy', source, options, () => this._copy(source, target, options ?? {}));
  }

  async setAttributes(path: string, attributes: Attributes, options?: OperationOptions): Promise<void> {
    admitAttributes(this.context, path, attributes, options);
    return this.#run('setAttributes', path, options, () => this._setAttributes(path, attributes, options?.signal));
  }

  async readLink(path: string, options?: OperationOptions): Promise<string> {
    admitReadLink(this.context, path, options);
    return this.#run('readLink', path, options, () => this._readLink(path, options?.signal));
  }

  async makeLink(content: string, path: string, options?: OperationOptions): Promise<void> {
    admitMakeLink(this.context, content, path, options);
    return this.#run('makeLink', path, options, () => this._makeLink(content, path, options?.signal));
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      const results = await Promise.allSettled([...this.#files].map((file) => file.close()));
      await this._close();
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected abstract _open(path: string, flags: number, options: OpenOptions): Promise<FileAdapter>;
  protected abstract _openReplacement(path: string, options: ReplacementOptions): Promise<Replacement>;
  protected abstract _stat(path: string, followLinks: boolean, signal?: AbortSignal): Promise<FileStat>;
  protected abstract _list(path: string, signal?: AbortSignal): AsyncIterable<DirectoryEntry>;
  protected abstract _mkdir(path: string, options: MkdirOptions): Promise<void>;
  protected abstract _remove(path: string, signal?: AbortSignal): Promise<void>;
  protected abstract _rename(source: string, target: string, signal?: AbortSignal): Promise<void>;
  protected abstract _copy(source: string, target: string, options: CopyOptions): Promise<void>;
  protected abstract _setAttributes(path: string, attributes: Attributes, signal?: AbortSignal): Promise<void>;
  protected abstract _readLink(path: string, signal?: AbortSignal): Promise<string>;
  protected abstract _makeLink(content: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Frees what the storage itself holds; its files are closed already. Called once. */
  protected abstract _close(): Promise<void>;

  /** What a thrown value is as an error of this storage; the adapter's `error-map.ts`. */
  protected mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return systemError(thrown, details);
  }

  /** Runs one operation between the gate and the error map. */
  async #run<T>(
    operation: string,
    path: string,
    options: OperationOptions | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const details = this.#details(operation, path);
    return this.#gate.run(details, async () => {
      throwIfAborted(options?.signal, details);
      try {
        return await work();
      } catch (thrown) {
        throw this.mapError(thrown, details);
      }
    });
  }

  #details(operation: string, path: string): ErrorDetails {
    return { origin: this.context.origin, operation, path };
  }

  #keep<T extends FileAdapter | Replacement>(file: T): T {
    this.#files.add(file);
    file.whenClosed(() => this.#files.delete(file));
    return file;
  }
}
