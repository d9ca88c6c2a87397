import { type IrodsEmulator, type IrodsEmulatorOptions, startIrodsEmulator } from '@libconveyor/irods-emulator';
import type { Storage } from '@libconveyor/storage';
import { IrodsStorage, type IrodsStorageOptions } from '../src/index.ts';

/** The collection that the tests work in. */
export const home = '/tempZone/home/alice';

/** A server with one user, and storages on it. */
export class World implements AsyncDisposable {
  readonly emulator: IrodsEmulator;
  readonly #storages: Storage[] = [];

  private constructor(emulator: IrodsEmulator) {
    this.emulator = emulator;
  }

  static async start(options: IrodsEmulatorOptions = {}): Promise<World> {
    const users = [
      { name: 'alice', password: 'secret', pamPassword: 'pam secret' },
      { name: 'bob', password: 'hidden' },
    ];
    return new World(await startIrodsEmulator({ users, ...options }));
  }

  async connect(options: Partial<IrodsStorageOptions> = {}): Promise<IrodsStorage> {
    const { host, port, zone } = this.emulator;
    const base = { host, port, zone, user: 'alice', password: 'secret', retryDelayMs: 1 };
    const storage = await IrodsStorage.connect({ ...base, ...options });
    this.#storages.push(storage);
    return storage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.emulator.faults.release();
    for (const storage of this.#storages) await storage.close().catch(() => undefined);
    await this.emulator.close();
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

/** The whole content of a name. */
export async function contentOf(storage: Storage, path: string): Promise<Uint8Array> {
  await using file = await storage.open(path, 'r');
  const bytes = new Uint8Array(await file.size());
  await file.read(bytes, 0);
  return bytes;
}

/** Equality of bytes, without a list of them when they differ. */
export function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
