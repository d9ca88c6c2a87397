import { createHash } from 'node:crypto';
import type { Blob } from './blob.ts';
import type { Bucket } from './bucket.ts';
import type { Catalog } from './catalog.ts';
import { blobName, type DiskBlobs } from './disk-blobs.ts';
import type { Folder } from './folder.ts';
import type { BucketSettings, Keeper } from './keeper.ts';
import type { ObjectRecord, PartRecord, Segment, UploadRecord } from './object-record.ts';

/** A segment as it stands in a document. */
interface WrittenSegment {
  readonly blob: string;
  readonly blobLength: number;
  readonly start: number;
  readonly length: number;
}

type Written<T extends { readonly segments: readonly Segment[] }> = Omit<T, 'segments'> & {
  readonly segments: readonly WrittenSegment[];
};

function bucketFolder(name: string): string {
  return `buckets/${name}`;
}

/** Keys can be longer than names of files, and have any characters. */
function objectName(bucket: string, key: string): string {
  const digest = createHash('sha256').update(key).digest('hex');
  return `${bucketFolder(bucket)}/objects/${digest.slice(0, 2)}/${digest}.json`;
}

function uploadFolder(bucket: string, id: string): string {
  return `${bucketFolder(bucket)}/uploads/${id}`;
}

function written<T extends { readonly segments: readonly Segment[] }>(record: T): Written<T> {
  const segments = record.segments.map(({ blob, start, length }) => {
    return { blob: blob.id, blobLength: blob.length, start, length };
  });
  return { ...record, segments };
}

/** Keeps the catalog as one document per bucket, object, upload and part. */
export class DiskKeeper implements Keeper {
  readonly #folder: Folder;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  putBucket(settings: BucketSettings): Promise<void> {
    return this.#folder.writeDocument(`${bucketFolder(settings.name)}/bucket.json`, settings);
  }

  dropBucket(name: string): Promise<void> {
    return this.#folder.remove(bucketFolder(name));
  }

  putObject(bucket: string, record: ObjectRecord): Promise<void> {
    return this.#folder.writeDocument(objectName(bucket, record.key), written(record));
  }

  dropObject(bucket: string, key: string): Promise<void> {
    return this.#folder.remove(objectName(bucket, key));
  }

  putUpload(bucket: string, { parts: _, ...upload }: UploadRecord): Promise<void> {
    return this.#folder.writeDocument(`${uploadFolder(bucket, upload.id)}/upload.json`, upload);
  }

  async putPart(bucket: string, { id }: UploadRecord, part: PartRecord): Promise<void> {
    try {
      await this.#folder.writeDocument(`${uploadFolder(bucket, id)}/${part.number}.json`, written(part));
    } catch (thrown) {
      // The upload ended meanwhile, and its folder with it; the caller looks for that.
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    }
  }

  dropUpload(bucket: string, { id }: UploadRecord): Promise<void> {
    return this.#folder.remove(uploadFolder(bucket, id));
  }
}

/** Puts everything that a folder keeps into an empty catalog, and removes bodies that nothing refers to. */
export async function restoreCatalog(folder: Folder, blobs: DiskBlobs, catalog: Catalog): Promise<void> {
  const restorer = new Restorer(folder, blobs);
  for (const name of await folder.list('buckets')) {
    const path = bucketFolder(name);
    if (!(await folder.list(path)).includes('bucket.json')) {
      await folder.remove(path);
      continue;
    }
    const bucket = catalog.restore(await folder.readDocument<BucketSettings>(`${path}/bucket.json`));
    await restorer.restoreObjects(bucket, path);
    await restorer.restoreUploads(bucket, path);
  }
  await restorer.removeOrphans();
}

class Restorer {
  readonly #folder: Folder;
  readonly #blobs: DiskBlobs;
  readonly #adopted = new Map<string, Blob>();

  constructor(folder: Folder, blobs: DiskBlobs) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  async restoreObjects(bucket: Bucket, path: string): Promise<void> {
    for (const group of await this.#folder.list(`${path}/objects`)) {
      for (const name of await this.#folder.list(`${path}/objects/${group}`)) {
        const record = await this.#folder.readDocument<Written<ObjectRecord>>(`${path}/objects/${group}/${name}`);
        bucket.restore({ ...record, segments: this.#segments(record.segments) });
      }
    }
  }

  async restoreUploads(bucket: Bucket, path: string): Promise<void> {
    for (const id of await this.#folder.list(`${path}/uploads`)) {
      const names = await this.#folder.list(`${path}/uploads/${id}`);
      if (!names.includes('upload.json')) {
        await this.#folder.remove(`${path}/uploads/${id}`);
        continue;
      }
      const parts = new Map<number, PartRecord>();
      for (const name of names.filter((one) => one !== 'upload.json')) {
        const part = await this.#folder.readDocument<Written<PartRecord>>(`${path}/uploads/${id}/${name}`);
        parts.set(part.number, { ...part, segments: this.#segments(part.segments) });
      }
      const upload = await this.#folder.readDocument<Omit<UploadRecord, 'parts'>>(`${path}/uploads/${id}/upload.json`);
      bucket.restoreUpload({ ...upload, parts });
    }
  }

  async removeOrphans(): Promise<void> {
    for (const group of await this.#folder.list('blobs')) {
      for (const id of await this.#folder.list(`blobs/${group}`)) {
        if (!this.#adopted.has(id)) await this.#folder.remove(blobName(id));
      }
    }
  }

  #segments(segments: readonly WrittenSegment[]): Segment[] {
    return segments.map(({ blob: id, blobLength, start, length }) => {
      const blob = this.#adopted.get(id) ?? this.#blobs.adopt(id, blobLength);
      this.#adopted.set(id, blob);
      blob.acquire();
      return { blob, start, length };
    });
  }
}
