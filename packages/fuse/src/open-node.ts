import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { capabilityBits, JavaScriptBackend } from '@libconveyor/conveyor';
import { errnoError } from '@libconveyor/errors';
import { isWritable, type Storage, type StorageFile } from '@libconveyor/storage';
import type { NativeBinding, NativeEngineOptions } from './native-binding.ts';

const { O_RDONLY, O_RDWR, O_TRUNC, O_CREAT, O_EXCL } = constants;
const origin = 'fuse';

/** What engines of one mount have in common. */
export interface EnginePlace {
  readonly native: NativeBinding;
  readonly mount: () => number;
  readonly storage: Storage;
  readonly options: NativeEngineOptions;
  /** By engine, for what the engine asks of its storage. */
  readonly backends: Map<number, JavaScriptBackend>;
}

/**
 * The engine in front of a file that processes have open; all of them share it, so the mount is coherent with itself.
 * It can be exchanged under them: for one that may write, for one at another path, for one over a scratch file.
 */
export class OpenNode {
  readonly #place: EnginePlace;
  readonly #node: number;
  #engine = 0;
  #file: StorageFile | undefined;
  /** How many opens have not been released. */
  users = 0;
  isWritable = false;

  constructor(place: EnginePlace, node: number) {
    this.#place = place;
    this.#node = node;
  }

  /** Opens the file at `path`, which takes the place of what was open before. */
  async enter(path: string, flags: number, mode: number | undefined): Promise<void> {
    const { storage } = this.#place;
    const writes = isWritable(flags) || (flags & O_TRUNC) !== 0;
    const kept = flags & (O_CREAT | O_EXCL | O_TRUNC);
    // Always for reading too: what one process writes, another may read through the same engine.
    const file = await storage.open(path, (writes ? O_RDWR : O_RDONLY) | kept, mode === undefined ? {} : { mode });
    const before = this.#engine;
    try {
      this.#engine = this.#openEngine(file, writes ? O_RDWR : O_RDONLY);
    } catch (thrown) {
      await file.close().catch(() => undefined);
      throw thrown;
    }
    this.#file = file;
    this.isWritable = writes;
    if (before !== 0) await this.#closeEngine(before).catch(() => undefined);
  }

  #openEngine(file: StorageFile, flags: number): number {
    const { native, mount, storage, options, backends } = this.#place;
    const number = mount();
    const backend = new JavaScriptBackend(
      { complete: (...answer) => native.complete(number, ...answer) },
      file,
      storage.capabilities,
      true,
    );
    const engine = native.openEngine(number, this.#node, flags, capabilityBits(storage.capabilities), options);
    if (engine < 0) throw errnoError(engine, { origin, operation: 'open', path: file.path });
    backend.bind(engine);
    backends.set(engine, backend);
    return engine;
  }

  /** The version of what was opened, where the storage has one. */
  async version(): Promise<string | undefined> {
    return (await this.#file?.stat())?.version;
  }

  size(): Promise<number> {
    const { native, mount } = this.#place;
    return settled('getattr', (done) => native.engineSize(mount(), this.#engine, done));
  }

  /** When something was written last, milliseconds since 1970; 0: never. */
  writtenMs(): number {
    return this.#place.native.engineWritten(this.#place.mount(), this.#engine);
  }

  /** The file gets these times along with its bytes. False where it cannot. */
  async takesTimes(atimeMs: number | undefined, mtimeMs: number | undefined): Promise<boolean> {
    if (!this.isWritable || this.#file === undefined || this.#place.storage.capabilities.posix !== 'times')
      return false;
    await this.#file.setAttributes({ atimeMs, mtimeMs });
    return true;
  }

  async truncate(size: number): Promise<void> {
    const { native, mount } = this.#place;
    await settled('truncate', (done) => native.truncateEngine(mount(), this.#engine, size, done));
  }

  /** What was accepted is stored when this resolves. */
  async sync(): Promise<void> {
    const { native, mount } = this.#place;
    await settled('sync', (done) => native.syncEngine(mount(), this.#engine, done));
  }

  /** What the file holds goes on in a file of this machine without a name: its own name is about to go. */
  async moveToScratch(): Promise<void> {
    const { native, mount, options } = this.#place;
    const before = this.#engine;
    const directory = process.env.TMPDIR || tmpdir();
    this.#engine = await settled('unlink', (done) =>
      native.moveToScratch(mount(), this.#node, before, directory, options, done),
    );
    this.#file = undefined;
    this.isWritable = true;
    await this.#closeEngine(before).catch(() => undefined);
  }

  /** Errors: what keeps accepted bytes from landing; they are lost then. */
  close(): Promise<void> {
    return this.#closeEngine(this.#engine);
  }

  async #closeEngine(engine: number): Promise<void> {
    const { native, mount, backends } = this.#place;
    try {
      await settled('close', (done) => native.closeEngine(mount(), engine, done));
    } finally {
      backends.delete(engine);
    }
  }
}

/** The result of a call of the addon, when it has one. Errors: the errno that it gives. */
function settled(operation: string, start: (done: (result: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    start((result) => (result < 0 ? reject(errnoError(result, { origin, operation })) : resolve(result)));
  });
}
