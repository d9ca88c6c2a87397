import type { Capabilities } from '../capabilities.ts';
import {
  admitAppend,
  admitFileAttributes,
  admitRead,
  admitSync,
  admitTruncate,
  admitWrite,
  type FileContext,
} from '../file-admission.ts';
import type { Attributes, DirectoryEntry, FileStat } from '../file-stat.ts';
import type { OpenFlags } from '../flags.ts';
import { requireOperationOptions } from '../operation-arguments.ts';
import { OperationGate } from '../operation-gate.ts';
import type {
  CopyOptions,
  MkdirOptions,
  OpenOptions,
  OperationOptions,
  ReplacementOptions,
  StatOptions,
  SyncOptions,
} from '../operation-options.ts';
import type { Storage, StorageFile, StorageReplacement } from '../storage.ts';
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
} from '../storage-admission.ts';
import type { Call, Interceptor, OperationName, Proceed } from './interceptor.ts';

/**
 * A storage with an interceptor around every call. Calls that nobody could admit are refused before the interceptor
 * sees them; everything else, options included, goes on unchanged. Open files hide `fd`: native I/O would go around the
 * layer.
 */
export class InterceptedStorage implements Storage {
  readonly #inner: Storage;
  readonly #interceptor: Interceptor;
  readonly #context: StorageContext;
  readonly #gate = new OperationGate();
  readonly #files = new Set<InterceptedFile>();

  /** @param origin Who refuses calls, for errors: the name of the layer. */
  constructor(inner: Storage, origin: string, interceptor: Interceptor) {
    this.#inner = inner;
    this.#interceptor = interceptor;
    this.#context = { origin, capabilities: inner.capabilities };
  }

  get scheme(): string {
    return this.#inner.scheme;
  }

  get name(): string {
    return this.#inner.name;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  async open(path: string, flags: OpenFlags, options?: OpenOptions): Promise<StorageFile> {
    admitOpen(this.#context, path, flags, options);
    const file = await this.#around('open', path, options, () => this.#inner.open(path, flags, options));
    return this.#keep(new InterceptedFile(file, this.#context, this.#interceptor));
  }

  async openReplacement(path: string, options?: ReplacementOptions): Promise<StorageReplacement> {
    admitReplacement(this.#context, path, options);
    const proceed = () => this.#inner.openReplacement(path, options);
    const file = await this.#around('openReplacement', path, options, proceed);
    return this.#keep(new InterceptedReplacement(file, this.#context, this.#interceptor));
  }

  async stat(path: string, options?: StatOptions): Promise<FileStat> {
    admitStat(path, options);
    return this.#around('stat', path, options, () => this.#inner.stat(path, options));
  }

  async *list(path: string, options?: OperationOptions): AsyncGenerator<DirectoryEntry, void, undefined> {
    admitPath(path, options);
    const call = callOf('list', path, options?.signal);
    const begin = () => this.#inner.list(path, options);
    yield* this.#interceptor.aroundList?.(call, begin) ?? aroundFirst(this.#interceptor, call, begin);
  }

  async mkdir(path: string, options?: MkdirOptions): Promise<void> {
    admitMkdir(this.#context, path, options);
    return this.#around('mkdir', path, options, () => this.#inner.mkdir(path, options));
  }

  async remove(path: string, options?: OperationOptions): Promise<void> {
    admitPath(path, options);
    return this.#around('remove', path, options, () => this.#inner.remove(path, options));
  }

  async rename(source: string, target: string, options?: OperationOptions): Promise<void> {
    admitRename(this.#context, source, target, options);
    return this.#around('rename', source, options, () => this.#inner.rename(source, target, options));
  }

  async copy(source: string, target: string, options?: CopyOptions): Promise<void> {
    admitCopy(this.#context, source, target, options);
    return this.#around('copy', source, options, () => this.#inner.copy(source, target, options));
  }

  async setAttributes(path: string, attributes: Attributes, options?: OperationOptions): Promise<void> {
    admitAttributes(this.#context, path, attributes, options);
    return this.#around('setAttributes', path, options, () => this.#inner.setAttributes(path, attributes, options));
  }

  async readLink(path: string, options?: OperationOptions): Promise<string> {
    admitReadLink(this.#context, path, options);
    return this.#around('readLink', path, options, () => this.#inner.readLink(path, options));
  }

  async makeLink(content: string, path: string, options?: OperationOptions): Promise<void> {
    admitMakeLink(this.#context, content, path, options);
    return this.#around('makeLink', path, options, () => this.#inner.makeLink(content, path, options));
  }

  close(): Promise<void> {
    return this.#gate.close(async () => {
      // The files of this layer first: an operation that the interceptor holds has not reached the storage yet.
      const results = await Promise.allSettled([...this.#files].map((file) => file.close()));
      await this.#interceptor.around(callOf('close', undefined, undefined), () => this.#inner.close());
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #around<T>(
    operation: OperationName,
    path: string,
    options: OperationOptions | undefined,
    proceed: Proceed<T>,
  ): Promise<T> {
    const call = callOf(operation, path, options?.signal);
    const context = { origin: this.#context.origin, operation, path };
    return this.#gate.run(context, () => this.#interceptor.around(call, proceed));
  }

  #keep<F extends InterceptedFile>(file: F): F {
    this.#files.add(file);
    file.whenClosed(() => this.#files.delete(file));
    return file;
  }
}

class InterceptedFile<F extends StorageFile = StorageFile> implements StorageFile {
  protected readonly inner: F;
  readonly #interceptor: Interceptor;
  readonly #context: FileContext;
  readonly #gate = new OperationGate();
  #closed: (() => void) | undefined;

  constructor(inner: F, { origin, capabilities }: StorageContext, interceptor: Interceptor) {
    this.inner = inner;
    this.#interceptor = interceptor;
    this.#context = { origin, capabilities, path: inner.path, flags: inner.flags };
  }

  get path(): string {
    return this.inner.path;
  }

  get flags(): number {
    return this.inner.flags;
  }

  async read(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    admitRead(this.#context, buffer, offset, options);
    const call = { ...this.call('read', options), offset, length: buffer.byteLength, buffer };
    return this.around(call, () => this.inner.read(buffer, offset, options));
  }

  async write(buffer: Uint8Array, offset: number, options?: OperationOptions): Promise<number> {
    admitWrite(this.#context, buffer, offset, options);
    const call = { ...this.call('write', options), offset, length: buffer.byteLength, buffer };
    return this.around(call, (bytes = buffer) => this.inner.write(bytes, offset, options));
  }

  async append(buffer: Uint8Array, options?: OperationOptions): Promise<number> {
    admitAppend(this.#context, buffer, options);
    const call = { ...this.call('append', options), length: buffer.byteLength, buffer };
    return this.around(call, (bytes = buffer) => this.inner.append(bytes, options));
  }

  async size(options?: OperationOptions): Promise<number> {
    requireOperationOptions(options);
    return this.around(this.call('size', options), () => this.inner.size(options));
  }

  async stat(options?: OperationOptions): Promise<FileStat> {
    requireOperationOptions(options);
    return this.around(this.call('stat', options), () => this.inner.stat(options));
  }

  async setAttributes(attributes: Attributes, options?: OperationOptions): Promise<void> {
    admitFileAttributes(this.#context, attributes, options);
    const proceed = () => this.inner.setAttributes(attributes, options);
    return this.around(this.call('setAttributes', options), proceed);
  }

  async truncate(size: number, options?: OperationOptions): Promise<void> {
    admitTruncate(this.#context, size, options);
    const call = { ...this.call('truncate', options), offset: size };
    return this.around(call, () => this.inner.truncate(size, options));
  }

  async sync(options?: SyncOptions): Promise<void> {
    admitSync(options);
    return this.around(this.call('sync', options), () => this.inner.sync(options));
  }

  close(): Promise<void> {
    return this.end(() => this.#interceptor.around(this.call('close', undefined), () => this.inner.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the storage that opened the file: `action` runs when it is closed. */
  whenClosed(action: () => void): void {
    this.#closed = action;
  }

  /** Ends the life of the file, once, when no operation is running. */
  protected end(work: () => Promise<void>): Promise<void> {
    return this.#gate.close(async () => {
      try {
        await work();
      } finally {
        this.#closed?.();
      }
    });
  }

  protected around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    const context = { origin: this.#context.origin, operation: call.operation, path: this.path };
    return this.#gate.run(context, () => this.#interceptor.around(call, proceed));
  }

  protected call(operation: OperationName, options: OperationOptions | undefined): Call {
    return callOf(operation, this.path, options?.signal);
  }
}

class InterceptedReplacement extends InterceptedFile<StorageReplacement> implements StorageReplacement {
  #committed = false;

  async commit(options?: OperationOptions): Promise<void> {
    requireOperationOptions(options);
    await this.around(this.call('commit', options), () => this.inner.commit(options));
    this.#committed = true;
    await this.end(() => this.inner.close());
  }

  /** Not intercepted: to drop what is not wanted is the way out of trouble. */
  async abort(): Promise<void> {
    if (this.#committed) return this.inner.abort();
    return this.end(() => this.inner.abort());
  }
}

function callOf(operation: OperationName, path: string | undefined, signal: AbortSignal | undefined): Call {
  return { operation, path, signal, offset: undefined, length: undefined, buffer: undefined };
}

async function* aroundFirst(
  interceptor: Interceptor,
  call: Call,
  begin: () => AsyncIterable<DirectoryEntry>,
): AsyncGenerator<DirectoryEntry, void, undefined> {
  let iterator: AsyncIterator<DirectoryEntry> | undefined;
  try {
    let result = await interceptor.around(call, () => {
      // A listing that failed is over: another try begins another one.
      iterator = begin()[Symbol.asyncIterator]();
      return iterator.next();
    });
    while (!result.done && iterator !== undefined) {
      yield result.value;
      result = await iterator.next();
    }
  } finally {
    await iterator?.return?.();
  }
}
