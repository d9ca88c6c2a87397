import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Blob, type BlobStore, type BlobWriter, CountedBlob } from './blob.ts';
import type { Folder } from './folder.ts';

/** So much is gathered before it is written, and twice that is held at most. */
const batchLength = 1024 ** 2;
const readLength = 256 * 1024;

/** Where a blob is in the folder. */
export function blobName(id: string): string {
  return `blobs/${id.slice(0, 2)}/${id}`;
}

/** Bodies as files. */
export class DiskBlobs implements BlobStore {
  readonly #folder: Folder;
  readonly #removals = new Set<Promise<void>>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  create(): BlobWriter {
    return new DiskBlobWriter(this, this.#folder);
  }

  /** A blob that is there already, held by nobody yet. */
  adopt(id: string, length: number): Blob {
    return new DiskBlob(this, id, length, 0);
  }

  /** The path of a blob's file. */
  pathOf(id: string): string {
    return join(this.#folder.path, blobName(id));
  }

  /** Removes a file in the background. */
  remove(id: string): void {
    const removal = unlink(this.pathOf(id)).catch(() => {
      // A leftover is removed by the next start.
    });
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }

  /** Resolves when no removal is under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#removals);
  }
}

class DiskBlobWriter implements BlobWriter {
  readonly #id: string = randomUUID();
  readonly #store: DiskBlobs;
  readonly #folder: Folder;
  readonly #path: string;
  #file: FileHandle | undefined;
  #batch: Buffer[] = [];
  #batched = 0;
  #length = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: DiskBlobs, folder: Folder) {
    this.#store = store;
    this.#folder = folder;
    this.#path = folder.temporary();
  }

  write(bytes: Buffer): Promise<void> | undefined {
    this.#batch.push(bytes);
    this.#batched += bytes.length;
    this.#length += bytes.length;
    return this.#batched < batchLength ? undefined : this.#flush();
  }

  /** Resolves when the batch before this one is written: one is written while the next arrives. */
  #flush(): Promise<void> {
    const before = this.#writing;
    const batch = this.#batch;
    this.#batch = [];
    this.#batched = 0;
    this.#writing = before.then(async () => {
      this.#file ??= await open(this.#path, 'wx');
      if (batch.length > 0) await writeAll(this.#file, batch);
    });
    // Whoever comes next hears of it; until then it is nobody's unhandled rejection.
    this.#writing.catch(() => {});
    return before;
  }

  async finish(): Promise<Blob> {
    void this.#flush();
    try {
      await this.#writing;
      await this.#file?.close();
      await this.#folder.place(this.#path, blobName(this.#id));
    } catch (thrown) {
      await this.abort();
      throw thrown;
    }
    return new DiskBlob(this.#store, this.#id, this.#length, 1);
  }

  async abort(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file?.close().catch(() => {});
    await unlink(this.#path).catch(() => {});
  }
}

async function writeAll(file: FileHandle, buffers: Buffer[]): Promise<void> {
  const { bytesWritten } = await file.writev(buffers);
  const length = buffers.reduce((sum, { length: own }) => sum + own, 0);
  if (bytesWritten === length) return;
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  await file.writeFile(rest);
}

class DiskBlob extends CountedBlob implements Blob {
  readonly #store: DiskBlobs;

  constructor(store: DiskBlobs, id: string, length: number, holders: number) {
    super(id, length, holders);
    this.#store = store;
  }

  async *read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    const file = await open(this.#store.pathOf(this.id), 'r');
    try {
      let next = readAt(file, start, end);
      for (let position = start; position < end; ) {
        const bytes = await next;
        position += bytes.length;
        // The next piece is read while this one is sent.
        next = readAt(file, position, end);
        next.catch(() => {});
        yield bytes;
      }
      await next;
    } finally {
      await file.close();
    }
  }

  protected drop(): void {
    this.#store.remove(this.id);
  }
}

async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const length = Math.min(readLength, end - start);
  if (length <= 0) return Buffer.alloc(0);
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, start);
  if (bytesRead === 0) throw new Error('A stored body is shorter than its record');
  return buffer.subarray(0, bytesRead);
}
