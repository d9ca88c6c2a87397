import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Capabilities,
  memoryCapabilities,
  parseFlags,
  type Storage,
  type StorageFile,
} from '@libconveyor/storage';

/** A storage whose files have a descriptor, so that the engine does their I/O natively. Only `open` is there. */
export function descriptorStorage(folder: string): Storage {
  const capabilities: Capabilities = { ...memoryCapabilities, durableSync: true };
  const openFile = async (path: string, flags: Parameters<typeof parseFlags>[0]): Promise<StorageFile> => {
    const numericFlags = parseFlags(flags);
    return new DescriptorFile(path, numericFlags, await open(join(folder, path), numericFlags));
  };
  return { scheme: 'test', name: `test:${folder}`, capabilities, open: openFile } as unknown as Storage;
}

/** Counts what reaches it beside the descriptor. */
export class DescriptorFile implements StorageFile {
  readonly path: string;
  readonly flags: number;
  readonly fd: number;
  readonly #handle: FileHandle;
  closes = 0;

  constructor(path: string, flags: number, handle: FileHandle) {
    this.path = path;
    this.flags = flags;
    this.fd = handle.fd;
    this.#handle = handle;
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.byteLength, offset)).bytesRead;
  }

  async write(buffer: Uint8Array, offset: number): Promise<number> {
    return (await this.#handle.write(buffer, 0, buffer.byteLength, offset)).bytesWritten;
  }

  async append(buffer: Uint8Array): Promise<number> {
    return (await this.#handle.write(buffer)).bytesWritten;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async stat(): Promise<Awaited<ReturnType<StorageFile['stat']>>> {
    const { size, mtimeMs, atimeMs, mode, uid, gid, nlink } = await this.#handle.stat();
    return { type: 'file', size, mtimeMs, atimeMs, mode: mode & 0o7777, uid, gid, links: nlink };
  }

  async setAttributes({ mode, atimeMs, mtimeMs }: Parameters<StorageFile['setAttributes']>[0]): Promise<void> {
    if (mode !== undefined) await this.#handle.chmod(mode);
    if (atimeMs !== undefined && mtimeMs !== undefined) await this.#handle.utimes(atimeMs / 1000, mtimeMs / 1000);
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    this.closes++;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
