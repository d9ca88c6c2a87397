import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import {
  type Attributes,
  type CopyOptions,
  type DirectoryEntry,
  type FileAdapter,
  type FileStat,
  isWritable,
  type MkdirOptions,
  type OpenOptions,
  Replacement,
  type ReplacementOptions,
  StorageAdapter,
} from '@libconveyor/storage';
import { s3Capabilities } from './capabilities.ts';
import { Conditions } from './conditions.ts';
import { connectClient } from './connect.ts';
import { isMissing, isRefusedCondition, mapError, origin, Refusal } from './error-map.ts';
import { directoryStat, fileStatOf } from './file-stat.ts';
import { type KeyPath, keyOfPath, parentOf, prefixOf } from './keys.ts';
import { type Found, Namespace } from './namespace.ts';
import { ObjectHead, ObjectReader } from './object-reader.ts';
import { type Condition, type ObjectInfo, Objects } from './objects.ts';
import { type CheckedOptions, checkOptions, type S3StorageOptions } from './options.ts';
import { Orphans } from './orphans.ts';
import { PartMemory } from './part-memory.ts';
import { PartPlan } from './part-plan.ts';
import type { S3Client } from './protocol/client.ts';
import type { Connections } from './protocol/connections.ts';
import { S3Failure } from './protocol/failure.ts';
import { S3ReadFile } from './read-file.ts';
import { copyOnServer, taken } from './server-copy.ts';
import { Slots } from './slots.ts';
import type { PartSettings } from './staged-parts.ts';
import { withMtime } from './times.ts';
import { S3WriteFile, type WriteStart } from './write-file.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_RDWR } = constants;

const partsPerStep = 1000;
const memoryPartBytesMax = 32 * 1024 ** 2;
const listParallel = 8;

/**
 * A bucket. An object is read in the version that it had when it was opened; it is written beside what is there and
 * takes the name in one step, at `sync` or `close`. Renaming copies and removes: others may see both names.
 *
 * Errors: those of the contract; ESTALE where somebody else changed an object under an open file; what the server said
 * is in `detail`, and its code, status and request id in the `cause`.
 */
export class S3Storage extends StorageAdapter {
  readonly #options: CheckedOptions;
  readonly #connections: Connections;
  readonly #objects: Objects;
  readonly #names: Namespace;
  readonly #conditions: Conditions;
  readonly #memory: PartMemory;
  readonly #plan: PartPlan;

  private constructor(options: CheckedOptions, client: S3Client, connections: Connections) {
    const capabilities = { ...s3Capabilities, directories: options.directories };
    super({ scheme: 's3', name: `s3://${options.bucket}`, capabilities, origin });
    this.#options = options;
    this.#connections = connections;
    this.#objects = new Objects(client);
    this.#names = new Namespace(this.#objects, options.directories, options.timeMs);
    this.#conditions = new Conditions(this.#objects);
    this.#memory = new PartMemory(options.memoryBytes);
    this.#plan = new PartPlan({ firstBytes: options.partBytes, step: partsPerStep });
  }

  /**
   * A storage for a bucket; what the options leave open is read from the environment and the profile. Nothing is sent.
   *
   * Errors: TypeError, RangeError with the option's name; EINVAL for an endpoint that is none.
   */
  static async connect(options: S3StorageOptions): Promise<S3Storage> {
    const checked = checkOptions(options);
    const { client, connections } = await connectClient(checked);
    return new S3Storage(checked, client, connections);
  }

  /** The uploads that nobody has ended. */
  get orphans(): Orphans {
    return new Orphans(this.#objects);
  }

  protected override async _open(path: string, flags: number, options: OpenOptions): Promise<FileAdapter> {
    const place = keyOfPath(path);
    const context = { ...this.context, path, flags };
    if (!isWritable(flags)) return this.#openForReading(place, context, flags, options);
    return new S3WriteFile(
      context,
      this.#partSettings(place.key),
      this.#conditions,
      await this.#start(place, flags, options),
    );
  }

  protected override async _openReplacement(path: string, options: ReplacementOptions): Promise<Replacement> {
    const place = keyOfPath(path);
    await this.#names.requireNameFor(place, options.signal);
    if (this.#options.stagesReplacements) return this.#stagedReplacement(place.key, path, options);
    const { exclusive, ifVersion } = options;
    const file = new S3WriteFile(
      { ...this.context, path, flags: O_RDWR },
      this.#partSettings(place.key),
      this.#conditions,
      {
        base: undefined,
        condition: { isNew: exclusive, ifMatch: ifVersion },
        // Without a condition nobody has to know what the endpoint makes of them.
        isStrict: exclusive === true || ifVersion !== undefined,
        isDirty: true,
        commitsAt: 'publish',
        holdsName: false,
      },
    );
    return new Replacement(origin, file, {
      publish: (signal) => file.publish(signal),
      // Closing the file has dropped it.
      drop: async () => undefined,
      mapError,
    });
  }

  protected override async _stat(path: string, _followLinks: boolean, signal?: AbortSignal): Promise<FileStat> {
    const found = await this.#names.get(keyOfPath(path), signal);
    return found.type === 'file' ? fileStatOf(found.info) : directoryStat(found.modifiedMs);
  }

  protected override async *_list(path: string, signal?: AbortSignal): AsyncGenerator<DirectoryEntry> {
    const place = keyOfPath(path);
    const prefix = prefixOf(place.key);
    let isThere = place.key === '';
    let continuation: string | undefined;
    do {
      const page = await this.#objects.list(prefix, { delimiter: '/', continuation, signal });
      for (const { key, info } of page.objects) {
        isThere = true;
        if (key !== prefix) yield { name: nameIn(prefix, key), type: 'file', stat: fileStatOf(info) };
      }
      for (const directory of page.prefixes) {
        isThere = true;
        yield { name: nameIn(prefix, directory.slice(0, -1)), type: 'directory' };
      }
      continuation = page.next;
    } while (continuation !== undefined);
    if (isThere) return;
    const found = await this.#names.get(place, signal);
    if (found.type === 'file') throw new Refusal('ENOTDIR');
  }

  protected override async _mkdir(path: string, { recursive, signal }: MkdirOptions): Promise<void> {
    const { key } = keyOfPath(path);
    if (key === '' && recursive) return;
    if (key === '') throw new Refusal('EEXIST');
    const found = await this.#names.find({ key, asDirectory: false }, signal);
    if (found !== undefined && recursive && found.type === 'directory') return;
    if (found !== undefined) throw new Refusal('EEXIST');
    const missing: string[] = [key];
    for (let above = parentOf(key); recursive && above !== ''; above = parentOf(above)) {
      const there = await this.#names.find({ key: above, asDirectory: false }, signal);
      if (there?.type === 'file') throw new Refusal('ENOTDIR', `'${above}' is no directory`);
      if (there !== undefined) break;
      missing.push(above);
    }
    if (!recursive) await this.#names.requireParent(key, signal);
    for (const name of missing.reverse()) await this.#names.makeMarker(name, signal);
  }

  protected override async _remove(path: string, signal?: AbortSignal): Promise<void> {
    const place = keyOfPath(path);
    if (place.key === '') throw new Refusal('EBUSY', 'it is the bucket');
    const found = await this.#names.get(place, signal);
    if (found.type === 'file') return this.#objects.remove(place.key, signal);
    if (!(await this.#names.isEmpty(place.key, signal))) throw new Refusal('ENOTEMPTY');
    this.#names.forget(place.key);
    await this.#objects.remove(prefixOf(place.key), signal);
  }

  protected override async _rename(source: string, target: string, signal?: AbortSignal): Promise<void> {
    const from = keyOfPath(source);
    const to = keyOfPath(target);
    if (from.key === '' || to.key === '') throw new Refusal('EBUSY', 'it is the bucket');
    const found = await this.#names.get(from, signal);
    if (from.key === to.key) return;
    if (found.type === 'directory') return this.#renameDirectory(from.key, to.key, signal);
    const there = await this.#names.find(to, signal);
    if (there?.type === 'directory') throw new Refusal('EISDIR');
    if (to.asDirectory) throw new Refusal('ENOTDIR');
    await this.#names.requireParent(to.key, signal);
    await this.#copyKey(from.key, found.info, to.key, {}, signal);
    await this.#objects.remove(from.key, signal);
  }

  protected override async _copy(source: string, target: string, { exclusive, signal }: CopyOptions): Promise<void> {
    const from = keyOfPath(source);
    const to = keyOfPath(target);
    const found = await this.#names.get(from, signal);
    if (found.type === 'directory') throw new Refusal('EISDIR');
    if (from.key === to.key) throw new Refusal('EINVAL', 'source and target are the same file');
    await this.#names.requireNameFor(to, signal);
    if (!exclusive) return this.#copyKey(from.key, found.info, to.key, {}, signal);
    const { complete } = await this.#conditions.honoured();
    if (complete) return this.#copyKey(from.key, found.info, to.key, { isNew: true }, signal);
    // The name is claimed by an empty object first, which the endpoint does on condition.
    await this.#create(to, signal);
    try {
      await this.#copyKey(from.key, found.info, to.key, {}, signal);
    } catch (thrown) {
      await this.#objects.remove(to.key);
      throw thrown;
    }
  }

  /** Copies the object onto itself, with another time: its ETag may change. */
  protected override async _setAttributes(path: string, { mtimeMs }: Attributes, signal?: AbortSignal): Promise<void> {
    const { key, asDirectory } = keyOfPath(path);
    const found = await this.#names.get({ key, asDirectory }, signal);
    if (found.type === 'directory') throw new Refusal('ENOTSUP', 'directories have no times that can be set');
    if (mtimeMs === undefined) return;
    await this.#copyKey(key, found.info, key, {}, signal, withMtime(found.info.kept, mtimeMs));
  }

  protected override async _readLink(): Promise<string> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _makeLink(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _close(): Promise<void> {
    this.#connections.close();
    this.#memory.close();
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** A replacement that is an object of its own, hidden, until it is copied to its name. */
  #stagedReplacement(key: string, path: string, { exclusive, ifVersion }: ReplacementOptions): Replacement {
    const unique = `.conveyor-${randomBytes(9).toString('base64url')}.tmp`;
    const hidden = `${prefixOf(parentOf(key))}${unique}`;
    const context = { ...this.context, path, flags: O_RDWR };
    const file = new S3WriteFile(context, this.#partSettings(hidden), this.#conditions, {
      base: undefined,
      condition: {},
      isStrict: false,
      isDirty: true,
      commitsAt: 'sync',
      holdsName: false,
    });
    return new Replacement(origin, file, {
      publish: async (signal) => {
        await file.publish(signal);
        const info = await this.#objects.head(hidden, signal);
        if (info === undefined) throw new Refusal('ESTALE', `somebody has removed '${hidden}'`);
        await this.#copyKey(hidden, info, key, { isNew: exclusive, ifMatch: ifVersion }, signal);
        await this.#objects.remove(hidden);
      },
      drop: () => this.#objects.remove(hidden),
      mapError,
    });
  }

  #partSettings(key: string): PartSettings {
    const { partsParallel, spool, spoolDirectory } = this.#options;
    return {
      objects: this.#objects,
      key,
      plan: this.#plan,
      memory: this.#memory,
      parallel: partsParallel,
      memoryPartBytesMax,
      spool,
      spoolDirectory,
    };
  }

  async #openForReading(
    place: KeyPath,
    context: ConstructorParameters<typeof S3ReadFile>[0],
    flags: number,
    { ifVersion, signal }: OpenOptions,
  ): Promise<S3ReadFile> {
    const { key, asDirectory } = place;
    if (asDirectory) {
      await this.#names.get(place, signal);
      throw new Refusal('EISDIR');
    }
    const { client } = this.#objects;
    try {
      if ((flags & O_EXCL) !== 0) await this.#create(place, signal);
      const head = await ObjectHead.open(client, key, ifVersion, signal);
      return new S3ReadFile(context, this.#objects, new ObjectReader(client, key, head.info), head);
    } catch (thrown) {
      if (isRefusedCondition(thrown)) throw new Refusal('ESTALE', `it does not have version ${ifVersion}`, thrown);
      if (isMissing(thrown)) return this.#openMissing(place, context, flags, signal);
      if (!(thrown instanceof S3Failure) || thrown.code !== 'InvalidRange') throw thrown;
    }
    // No range lies within an object without bytes.
    const info = await this.#objects.head(key, signal);
    if (info === undefined) throw new Refusal('ENOENT');
    if (ifVersion !== undefined && info.etag !== ifVersion) throw new Refusal('ESTALE');
    return new S3ReadFile(context, this.#objects, new ObjectReader(client, key, info), undefined);
  }

  /** Nothing has this name: says so, or makes it, where the flags ask for that. */
  async #openMissing(
    place: KeyPath,
    context: ConstructorParameters<typeof S3ReadFile>[0],
    flags: number,
    signal: AbortSignal | undefined,
  ): Promise<S3ReadFile> {
    const found = await this.#names.find(place, signal);
    if (found?.type === 'directory') throw new Refusal('EISDIR');
    if ((flags & O_CREAT) === 0) throw await this.#names.missing(place.key, signal);
    const info = await this.#create(place, signal);
    return new S3ReadFile(context, this.#objects, new ObjectReader(this.#objects.client, place.key, info), undefined);
  }

  /** Makes an object without bytes. Errors: EEXIST, EISDIR, ENOENT, ENOTDIR. */
  async #create(place: KeyPath, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    await this.#names.requireNameFor(place, signal);
    const { put } = await this.#conditions.honoured();
    if (!put) throw new Refusal('ENOTSUP', 'the endpoint ignores conditions on writes');
    try {
      const etag = await this.#objects.put(place.key, new Uint8Array(0), {}, { isNew: true }, signal);
      return { size: 0, etag, modifiedMs: this.#options.timeMs(), kept: {} };
    } catch (thrown) {
      throw isRefusedCondition(thrown) ? new Refusal('EEXIST', undefined, thrown) : thrown;
    }
  }

  /** What a file open for writing begins with. */
  async #start(place: KeyPath, flags: number, { ifVersion, signal }: OpenOptions): Promise<WriteStart> {
    const plain = { isStrict: false, commitsAt: 'close', holdsName: false } as const;
    if ((flags & O_EXCL) !== 0) {
      const base = await this.#create(place, signal);
      return { ...plain, base, condition: { ifMatch: base.etag }, isDirty: false, holdsName: true };
    }
    if ((flags & O_TRUNC) !== 0 && (flags & O_CREAT) !== 0 && (flags & O_APPEND) === 0) {
      await this.#names.requireNameFor(place, signal);
      return { ...plain, base: undefined, condition: {}, isDirty: true };
    }
    const found: Found | undefined = await this.#names.find(place, signal);
    if (found?.type === 'directory') throw new Refusal('EISDIR');
    if (found === undefined) {
      if ((flags & O_CREAT) === 0) throw await this.#names.missing(place.key, signal);
      await this.#names.requireNameFor(place, signal);
      return { ...plain, base: undefined, condition: { isNew: true }, isDirty: true };
    }
    const { info } = found;
    if (ifVersion !== undefined && info.etag !== ifVersion) {
      throw new Refusal('ESTALE', `it has version ${info.etag} instead of ${ifVersion}`);
    }
    if ((flags & O_TRUNC) !== 0) return { ...plain, base: undefined, condition: {}, isDirty: true };
    return { ...plain, base: info, condition: { ifMatch: info.etag }, isDirty: false };
  }

  async #copyKey(
    source: string,
    info: ObjectInfo,
    target: string,
    condition: Condition,
    signal: AbortSignal | undefined,
    kept?: Readonly<Record<string, string>>,
  ): Promise<void> {
    try {
      await copyOnServer(this.#objects, { source, info, target, condition, kept, signal });
    } catch (thrown) {
      if (!isRefusedCondition(thrown)) throw thrown;
      if (condition.isNew) throw taken(thrown);
      const detail = 'source or target was changed by somebody else meanwhile';
      throw new Refusal('ESTALE', detail, thrown);
    }
  }

  /** Copies everything below, then removes it: when it fails in between, nothing is lost. */
  async #renameDirectory(source: string, target: string, signal: AbortSignal | undefined): Promise<void> {
    if (target.startsWith(prefixOf(source))) throw new Refusal('EINVAL', 'the target lies inside the source');
    const there = await this.#names.find({ key: target, asDirectory: false }, signal);
    if (there?.type === 'file') throw new Refusal('ENOTDIR');
    if (there !== undefined && !(await this.#names.isEmpty(target, signal))) throw new Refusal('ENOTEMPTY');
    await this.#names.requireParent(target, signal);
    const below = async (work: (key: string, info: ObjectInfo) => Promise<void>): Promise<void> => {
      for await (const page of this.#pagesBelow(source, signal)) {
        const slots = new Slots(listParallel);
        const outcomes = await Promise.allSettled(page.map(({ key, info }) => slots.run(() => work(key, info))));
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      }
    };
    await below((key, info) => this.#copyKey(key, info, target + key.slice(source.length), {}, signal));
    this.#names.forget(source);
    await below((key) => this.#objects.remove(key, signal));
  }

  async *#pagesBelow(directory: string, signal: AbortSignal | undefined) {
    let continuation: string | undefined;
    do {
      const page = await this.#objects.list(prefixOf(directory), { continuation, signal });
      yield page.objects;
      continuation = page.next;
    } while (continuation !== undefined);
  }
}

/** Errors: EILSEQ for a key that no path leads to. */
function nameIn(prefix: string, key: string): string {
  const name = key.slice(prefix.length);
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('\0')) return name;
  throw new Refusal('EILSEQ', `no path leads to the key '${key}'`);
}
