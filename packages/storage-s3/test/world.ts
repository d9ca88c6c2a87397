import { type S3Mock, type S3MockOptions, startS3Mock } from '@libconveyor/s3-mock';
import type { Storage } from '@libconveyor/storage';
import { S3Storage, type S3StorageOptions } from '../src/index.ts';

/** Small parts: the tests are about how many there are, not about how much they hold. */
export const partBytes: number = 64 * 1024;

/** A server with one bucket, and storages on it. */
export class World implements AsyncDisposable {
  readonly mock: S3Mock;
  readonly #storages: Storage[] = [];

  private constructor(mock: S3Mock) {
    this.mock = mock;
  }

  static async start(options: S3MockOptions = {}): Promise<World> {
    return new World(await startS3Mock({ buckets: ['bucket'], partLengthMin: 1, ...options }));
  }

  async connect(options: Partial<S3StorageOptions> = {}): Promise<S3Storage> {
    const { endpoint, region, credentials } = this.mock;
    const base = { bucket: 'bucket', endpoint, region, credentials, retryDelayMs: 0, partBytes };
    const storage = await S3Storage.connect({ ...base, ...options });
    this.#storages.push(storage);
    return storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mock.faults.release();
    for (const storage of this.#storages) await storage.close().catch(() => undefined);
    await this.mock.close();
  }
}

/** Bytes that differ from place to place. */
export function pattern(length: number, kind = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + kind * 97 + (index >> 8)) & 0xff;
  return bytes;
}

/** Makes a file in one go. */
export async function create(storage: Storage, path: string, bytes: Uint8Array): Promise<void> {
  const file = await storage.open(path, 'w');
  await file.write(bytes, 0);
  await file.close();
}

/** The whole content of a name; undefined when there is none. */
export async function contentOf(storage: Storage, path: string): Promise<Uint8Array | undefined> {
  try {
    await using file = await storage.open(path, 'r');
    const bytes = new Uint8Array(await file.size());
    await file.read(bytes, 0);
    return bytes;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Equality of bytes, without a list of them when they differ. */
export function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
