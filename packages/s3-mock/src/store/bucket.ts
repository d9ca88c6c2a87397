import { S3Error } from '../s3-error.ts';
import type { BucketSettings, Keeper } from './keeper.ts';
import { KeyLock } from './key-lock.ts';
import { type ObjectRecord, type PartRecord, releaseSegments, type UploadRecord } from './object-record.ts';
import { SortedKeys } from './sorted-keys.ts';

/** Says whether a change may happen, given what is there; throws when not. */
export type Condition = (current: ObjectRecord | undefined) => void;

interface OpenUpload extends UploadRecord {
  readonly parts: Map<number, PartRecord>;
}

/** Objects and unfinished uploads of one bucket. Changes of one key happen one after another. */
export class Bucket {
  readonly settings: BucketSettings;
  readonly #keeper: Keeper;
  readonly #objects = new Map<string, ObjectRecord>();
  readonly #keys = new SortedKeys();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #lock = new KeyLock();

  constructor(settings: BucketSettings, keeper: Keeper) {
    this.settings = settings;
    this.#keeper = keeper;
  }

  get keys(): SortedKeys {
    return this.#keys;
  }

  get isEmpty(): boolean {
    return this.#keys.count === 0;
  }

  get uploads(): IterableIterator<UploadRecord> {
    return this.#uploads.values();
  }

  find(key: string): ObjectRecord | undefined {
    return this.#objects.get(key);
  }

  /** Errors: S3Error (NoSuchKey). */
  get(key: string): ObjectRecord {
    const record = this.#objects.get(key);
    if (record === undefined) throw new S3Error('NoSuchKey', { elements: { Key: key } });
    return record;
  }

  /** Stores an object and takes over its blobs. When the condition throws, the caller still has them. */
  put(record: ObjectRecord, condition: Condition = () => {}): Promise<void> {
    return this.#lock.run(record.key, async () => {
      condition(this.#objects.get(record.key));
      await this.#keeper.putObject(this.settings.name, record);
      this.restore(record);
    });
  }

  /** Puts an object in its place without keeping it. */
  restore(record: ObjectRecord): void {
    const old = this.#objects.get(record.key);
    this.#objects.set(record.key, record);
    if (old === undefined) this.#keys.add(record.key);
    else releaseSegments(old.segments);
  }

  /** Removes an object; nothing happens when there is none and the condition allows that. */
  remove(key: string, condition: Condition = () => {}): Promise<void> {
    return this.#lock.run(key, async () => {
      const old = this.#objects.get(key);
      condition(old);
      if (old === undefined) return;
      await this.#keeper.dropObject(this.settings.name, key);
      this.#objects.delete(key);
      this.#keys.remove(key);
      releaseSegments(old.segments);
    });
  }

  async startUpload(upload: Omit<UploadRecord, 'parts'>): Promise<void> {
    const open: OpenUpload = { ...upload, parts: new Map() };
    await this.#keeper.putUpload(this.settings.name, open);
    this.#uploads.set(open.id, open);
  }

  /** Puts an upload in its place without keeping it. */
  restoreUpload(upload: UploadRecord): void {
    this.#uploads.set(upload.id, { ...upload, parts: new Map(upload.parts) });
  }

  /** Errors: S3Error (NoSuchUpload). */
  upload(key: string, id: string): UploadRecord {
    return this.#open(key, id);
  }

  /** Adds a part, instead of one with its number, and takes over its blobs. Errors: S3Error (NoSuchUpload). */
  putPart(key: string, id: string, part: PartRecord): Promise<void> {
    return this.#lock.run(`${id}/${part.number}`, async () => {
      const upload = this.#open(key, id);
      await this.#keeper.putPart(this.settings.name, upload, part);
      // It may have ended while the part was written.
      const stillOpen = this.#open(key, id);
      const old = stillOpen.parts.get(part.number);
      stillOpen.parts.set(part.number, part);
      if (old !== undefined) releaseSegments(old.segments);
    });
  }

  /** Ends an upload: its parts go, and with them all blobs that nothing else holds. Errors: S3Error (NoSuchUpload). */
  async endUpload(key: string, id: string): Promise<void> {
    const upload = this.#open(key, id);
    this.#uploads.delete(id);
    await this.#keeper.dropUpload(this.settings.name, upload);
    for (const part of upload.parts.values()) releaseSegments(part.segments);
  }

  #open(key: string, id: string): OpenUpload {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.key !== key) throw new S3Error('NoSuchUpload', { elements: { UploadId: id } });
    return upload;
  }
}
