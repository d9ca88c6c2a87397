import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@libconveyor/errors';
import { startS3Mock } from '@libconveyor/s3-mock';
import type { Storage } from '@libconveyor/storage';
import { S3Storage } from '@libconveyor/storage-s3';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { type Mount, type MountOptions, mountDirectory, mountStorage } from '../src/index.ts';
import { nativeBinding } from '../src/native-loader.ts';

/** Why nothing can be mounted here; undefined where it can. */
export const noMounts: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'mounts need Linux';
  try {
    nativeBinding();
  } catch (thrown) {
    return `the mount was not built (libfuse3-dev is optional): ${describeError(thrown)}`;
  }
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/fuse cannot be used';
  }
  return process.geteuid?.() === 0 || existsSync('/usr/bin/fusermount3') ? undefined : 'fusermount3 is not installed';
}

/** The end of a title, which says why its tests are skipped. */
export const orWhyNot: string = noMounts === undefined ? '' : ` (skipped: ${noMounts})`;

/** A local directory that is mounted. */
export class LocalMount implements AsyncDisposable {
  readonly mount: Mount;
  /** Where it is mounted. */
  readonly at: string;
  /** What is mounted. */
  readonly behind: string;
  readonly #home: TempDir;

  private constructor(mount: Mount, home: TempDir, behind: string) {
    this.mount = mount;
    this.#home = home;
    this.at = join(home.path, 'at');
    this.behind = behind;
  }

  /** Mounts an empty directory. */
  static make(options?: MountOptions): Promise<LocalMount> {
    return LocalMount.over(undefined, options);
  }

  /** Mounts a directory that is there. */
  static async over(directory: string | undefined, options?: MountOptions): Promise<LocalMount> {
    const home = await tempDir('conveyor-fuse-');
    const behind = directory ?? join(home.path, 'behind');
    await mkdir(join(home.path, 'at'));
    if (directory === undefined) await mkdir(behind);
    return new LocalMount(await mountDirectory(behind, join(home.path, 'at'), options), home, behind);
  }

  /** A path in the mount. */
  path(name: string): string {
    return join(this.at, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mount.unmount({ timeoutMs: 10_000 });
    await this.#home.remove();
  }
}

/** A storage that is mounted. Programs use it; synchronous calls of this process would wait for themselves. */
export class StorageMount implements AsyncDisposable {
  readonly mount: Mount;
  readonly storage: Storage;
  readonly at: string;
  readonly #home: TempDir;
  readonly #close: () => Promise<void>;

  private constructor(mount: Mount, storage: Storage, home: TempDir, close: () => Promise<void>) {
    this.mount = mount;
    this.storage = storage;
    this.at = mount.mountPoint;
    this.#home = home;
    this.#close = close;
  }

  static async over(
    storage: Storage,
    options?: MountOptions,
    close: () => Promise<void> = async () => undefined,
  ): Promise<StorageMount> {
    const home = await tempDir('conveyor-fuse-');
    return new StorageMount(await mountStorage(storage, '/', home.path, options), storage, home, close);
  }

  /** A bucket of a server in this process. */
  static async ofBucket(options?: MountOptions): Promise<StorageMount> {
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    const server = await startS3Mock({ buckets: ['bucket'], credentials: [credentials] });
    const { endpoint } = server;
    const storage = await S3Storage.connect({ bucket: 'bucket', endpoint, region: 'us-east-1', credentials });
    return StorageMount.over(storage, options, async () => {
      await storage.close();
      await server.close();
    });
  }

  path(name: string): string {
    return join(this.at, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mount.unmount({ timeoutMs: 10_000 });
    await this.#close();
    await this.#home.remove();
  }
}
