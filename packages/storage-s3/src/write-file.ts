import { constants } from 'node:fs';
import type { ConveyorError, ErrorDetails } from '@libconveyor/errors';
import { type Attributes, FileAdapter, type FileContext, type FileStat, SharedLock } from '@libconveyor/storage';
import { BaseBytes } from './base-bytes.ts';
import type { Conditions } from './conditions.ts';
import { isMissing, isRefusedCondition, mapError, Refusal } from './error-map.ts';
import { fileStatOf } from './file-stat.ts';
import { ObjectReader } from './object-reader.ts';
import type { Condition, ObjectInfo, Objects } from './objects.ts';
import { objectBytesMax } from './part-plan.ts';
import { S3Failure } from './protocol/failure.ts';
import { copyOnServer } from './server-copy.ts';
import { type PartSettings, StagedParts } from './staged-parts.ts';
import { isSameKept, withMtime } from './times.ts';

/** How a file open for writing begins, and how it ends. */
export interface WriteStart {
  /** The object whose bytes it has; undefined: none, it is empty. */
  readonly base: ObjectInfo | undefined;
  /** What must hold for the object to be written. */
  readonly condition: Condition;
  /** Whether somebody relies on the condition; else it merely keeps others from being overwritten unseen. */
  readonly isStrict: boolean;
  /** Whether closing has to write even when nobody wrote: the name is new, or the content was cut to nothing. */
  readonly isDirty: boolean;
  /** What writes the object beside `publish`: `sync` and closing, `sync` alone, or nothing. */
  readonly commitsAt: 'close' | 'sync' | 'publish';
  /** Whether an empty object holds the name until the first commit. */
  readonly holdsName: boolean;
}

/**
 * An object open for writing. Nothing of it is seen before it is committed, and then all of it: parts are sent while
 * the file is written, and become the object in one step at `sync`, `close` or `publish`.
 */
export class S3WriteFile extends FileAdapter {
  readonly #settings: PartSettings;
  readonly #objects: Objects;
  readonly #conditions: Conditions;
  readonly #parts: StagedParts;
  readonly #lock = new SharedLock();
  readonly #commitsAt: WriteStart['commitsAt'];
  readonly #isStrict: boolean;
  #base: BaseBytes;
  #condition: Condition;
  #size: number;
  #isDirty: boolean;
  #isWritten = false;
  #holdsName: boolean;
  /** Of the object that the next commit makes, where somebody set it. */
  #mtimeMs: number | undefined;

  constructor(context: FileContext, settings: PartSettings, conditions: Conditions, start: WriteStart) {
    super(context);
    this.#settings = settings;
    this.#objects = settings.objects;
    this.#conditions = conditions;
    this.#parts = new StagedParts(settings);
    this.#commitsAt = start.commitsAt;
    this.#isStrict = start.isStrict;
    this.#base = this.#baseOf(start.base);
    this.#condition = start.condition;
    this.#size = start.base?.size ?? 0;
    this.#isDirty = start.isDirty;
    this.#holdsName = start.holdsName;
    this.#parts.kept = this.#kept;
  }

  /** What the next commit's object says of itself: what the base says but for the time of its change. */
  get #kept(): Readonly<Record<string, string>> {
    return withMtime(this.#base.reader?.info.kept ?? {}, this.#mtimeMs);
  }

  /** Puts what was written under the name. When it rejects, it may be called again. */
  publish(signal: AbortSignal | undefined): Promise<void> {
    return this.#lock.exclusive(() => this.#commit(signal));
  }

  protected override _read(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    return this.#lock.shared(async () => {
      const end = Math.min(offset + buffer.byteLength, this.#size);
      if (offset >= end) return 0;
      const reads = [...this.#settings.plan.parts(offset, end)].map((place) => {
        const begin = Math.max(offset, place.offset);
        const target = buffer.subarray(begin - offset, Math.min(end, place.offset + place.length) - offset);
        return this.#parts.read(place, target, begin, this.#base, signal);
      });
      const outcomes = await Promise.allSettled(reads);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return end - offset;
    });
  }

  protected override _write(buffer: Uint8Array, offset: number): Promise<void> {
    return this.#lock.exclusive(async () => {
      const end = offset + buffer.byteLength;
      if (end > objectBytesMax) throw new Refusal('EFBIG', 'an object has at most 5 TiB');
      for (const place of this.#settings.plan.parts(offset, end)) {
        const begin = Math.max(offset, place.offset);
        const piece = buffer.subarray(begin - offset, Math.min(end, place.offset + place.length) - offset);
        const size = Math.max(this.#size, begin + piece.byteLength);
        await this.#parts.write(place, piece, begin, size, this.#base);
        this.#size = size;
        this.#isDirty = true;
        this.#isWritten = true;
      }
    });
  }

  protected override async _append(): Promise<void> {
    throw new Refusal('ENOTSUP');
  }

  protected override async _size(): Promise<number> {
    const isAppending = (this.flags & constants.O_APPEND) !== 0;
    if (!isAppending || this.#isWritten) return this.#size;
    return this.#lock.exclusive(async () => {
      if (!this.#isWritten) await this.#refresh();
      return this.#size;
    });
  }

  protected override async _stat(): Promise<FileStat> {
    const size = await this._size();
    const info = this.#base.reader?.info;
    if (info === undefined || this.#isDirty) return { type: 'file', size, mtimeMs: this.#mtimeMs ?? Date.now() };
    return fileStatOf(info);
  }

  /** The time counts for the object that the next commit makes, whatever else is written before that. */
  protected override _setAttributes({ mtimeMs }: Attributes): Promise<void> {
    return this.#lock.exclusive(async () => {
      if (mtimeMs === undefined || mtimeMs === this.#mtimeMs) return;
      this.#mtimeMs = mtimeMs;
      this.#parts.kept = this.#kept;
      this.#isDirty = true;
    });
  }

  protected override _truncate(size: number): Promise<void> {
    return this.#lock.exclusive(async () => {
      if (size > objectBytesMax) throw new Refusal('EFBIG', 'an object has at most 5 TiB');
      if (size === this.#size) return;
      if (size < this.#size) {
        await this.#parts.truncate(size, this.#base);
        this.#base.truncate(size);
      }
      this.#size = size;
      this.#isDirty = true;
      this.#isWritten = true;
    });
  }

  protected override _sync(_dataOnly: boolean, signal?: AbortSignal): Promise<void> {
    return this.#lock.exclusive(() => (this.#commitsAt === 'publish' ? this.#parts.settle() : this.#commit(signal)));
  }

  protected override async _close(): Promise<void> {
    let isDone = false;
    try {
      if (this.#commitsAt === 'close') await this.#commit(undefined);
      isDone = true;
    } finally {
      await this.#drop(isDone);
    }
  }

  protected override mapError(thrown: unknown, details: ErrorDetails): ConveyorError {
    return mapError(thrown, details);
  }

  /** What is left of an upload. When closing failed anyway, its own error counts; `doctor` finds the rest. */
  async #drop(isDone: boolean): Promise<void> {
    try {
      await this.#parts.abort();
      if (!isDone && this.#holdsName) await this.#freeName();
    } catch (thrown) {
      if (isDone) throw thrown;
    }
  }

  /** The empty object that kept the name goes, unless somebody has put another one there. */
  async #freeName(): Promise<void> {
    const there = await this.#objects.head(this.#settings.key);
    if (there?.size === 0 && there.etag === this.#condition.ifMatch) await this.#objects.remove(this.#settings.key);
  }

  /** Takes the object as it is now for what this file is, as long as nothing was written here. */
  async #refresh(): Promise<void> {
    const found = await this.#objects.head(this.#settings.key);
    if (found === undefined || found.etag === this.#base.reader?.info.etag) return;
    this.#base = this.#baseOf(found);
    this.#size = found.size;
    this.#condition = { ifMatch: found.etag };
    this.#isDirty = false;
    this.#parts.kept = this.#kept;
  }

  async #commit(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isDirty) return;
    const size = this.#size;
    const keptHeaders = this.#kept;
    const isSmall = size <= this.#settings.plan.partOf(0).length;
    let etag: string;
    try {
      etag = isSmall ? await this.#putWhole(size, keptHeaders, signal) : await this.#complete(size, signal);
    } catch (thrown) {
      throw this.#explained(thrown);
    }
    await this.#parts.reset(!isSmall).catch(() => undefined);
    this.#base = this.#baseOf({ size, etag, modifiedMs: Date.now(), kept: keptHeaders });
    this.#condition = { ifMatch: etag };
    this.#isDirty = false;
    this.#isWritten = false;
    this.#holdsName = false;
    this.#mtimeMs = undefined;
    this.#parts.kept = this.#kept;
  }

  async #putWhole(size: number, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<string> {
    await this.#parts.settle();
    const bytes = await this.#parts.whole(size, this.#base, signal);
    if (this.#isStrict && !(await this.#conditions.honoured()).put) throw unenforceable();
    return this.#objects.put(this.#settings.key, bytes, headers, this.#condition, signal);
  }

  async #complete(size: number, signal: AbortSignal | undefined, isRepeated = false): Promise<string> {
    const { upload, parts } = await this.#parts.finish(size, this.#base);
    signal?.throwIfAborted();
    try {
      const condition = await this.#enforced(signal);
      const etag = await upload.complete(parts, condition, signal);
      if (isSameKept(upload.kept, this.#kept)) return etag;
      // Should this fail, the next attempt meets what this one has put there.
      this.#condition = { ifMatch: etag };
      return await this.#amend(etag, size, signal);
    } catch (thrown) {
      if (!(thrown instanceof S3Failure) || thrown.code !== 'NoSuchUpload' || isRepeated) throw thrown;
      await this.#parts.lose();
      return this.#complete(size, signal, true);
    }
  }

  /** The time was set when the upload had begun, which had to say it: the object is copied onto itself with it. */
  #amend(etag: string, size: number, signal: AbortSignal | undefined): Promise<string> {
    const { key } = this.#settings;
    const info: ObjectInfo = { size, etag, modifiedMs: Date.now(), kept: this.#kept };
    return copyOnServer(this.#objects, { source: key, info, target: key, condition: {}, kept: this.#kept, signal });
  }

  /**
   * The condition to complete with. Where the endpoint would ignore it, what somebody relies on is refused or claimed
   * by an empty object first, and what merely protects is looked at before.
   */
  async #enforced(signal: AbortSignal | undefined): Promise<Condition> {
    const { isNew, ifMatch } = this.#condition;
    if (!isNew && ifMatch === undefined) return {};
    const honoured = await this.#conditions.honoured();
    if (honoured.complete) return this.#condition;
    const { key } = this.#settings;
    if (this.#isStrict) {
      if (!isNew || !honoured.put) throw unenforceable();
      const claimed = await this.#objects.put(key, new Uint8Array(0), {}, { isNew }, signal);
      this.#condition = { ifMatch: claimed };
      this.#holdsName = true;
      return {};
    }
    const there = await this.#objects.head(key, signal);
    if (there?.etag !== ifMatch) throw new Refusal('ESTALE', changedMeanwhile);
    return {};
  }

  #explained(thrown: unknown): unknown {
    if (!isRefusedCondition(thrown) && !(this.#condition.ifMatch !== undefined && isMissing(thrown))) return thrown;
    const isTaken = this.#condition.isNew && this.#isStrict;
    return isTaken ? new Refusal('EEXIST', undefined, thrown) : new Refusal('ESTALE', changedMeanwhile, thrown);
  }

  #baseOf(info: ObjectInfo | undefined): BaseBytes {
    const { client } = this.#objects;
    return new BaseBytes(info === undefined ? undefined : new ObjectReader(client, this.#settings.key, info));
  }
}

const changedMeanwhile = 'the object was changed by somebody else since it was opened; it is as they left it';

function unenforceable(): Refusal {
  return new Refusal('ENOTSUP', 'the endpoint ignores conditions on writes of this kind');
}
