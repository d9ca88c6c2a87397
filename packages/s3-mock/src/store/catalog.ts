import { S3Error } from '../s3-error.ts';
import { Bucket } from './bucket.ts';
import type { BucketSettings, Keeper } from './keeper.ts';

/** 3 to 63 characters, lower case letters, digits, dots and hyphens, and not an address of four numbers. */
const bucketName = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** All buckets. */
export class Catalog {
  readonly #keeper: Keeper;
  readonly #buckets = new Map<string, Bucket>();

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** All buckets by name. */
  get buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.settings.name < b.settings.name ? -1 : 1));
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** Errors: S3Error (NoSuchBucket). */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: name } });
    return bucket;
  }

  /** Errors: S3Error (InvalidBucketName, BucketAlreadyOwnedByYou). */
  async create(settings: BucketSettings): Promise<Bucket> {
    const { name } = settings;
    if (!bucketName.test(name)) throw new S3Error('InvalidBucketName', { elements: { BucketName: name } });
    if (this.#buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', { elements: { BucketName: name } });
    const bucket = this.restore(settings);
    await this.#keeper.putBucket(settings);
    return bucket;
  }

  /** Puts an empty bucket in its place without keeping it. */
  restore(settings: BucketSettings): Bucket {
    const bucket = new Bucket(settings, this.#keeper);
    this.#buckets.set(settings.name, bucket);
    return bucket;
  }

  /** Errors: S3Error (NoSuchBucket, BucketNotEmpty). */
  async remove(name: string): Promise<void> {
    const bucket = this.get(name);
    if (!bucket.isEmpty) throw new S3Error('BucketNotEmpty', { elements: { BucketName: name } });
    this.#buckets.delete(name);
    for (const upload of [...bucket.uploads]) await bucket.endUpload(upload.key, upload.id);
    await this.#keeper.dropBucket(name);
  }
}
