import type { ObjectRecord, PartRecord, UploadRecord } from './object-record.ts';

/** What a bucket is created with. */
export interface BucketSettings {
  readonly name: string;
  readonly region: string;
  /** Everything that would change it is AccessDenied. */
  readonly readOnly: boolean;
  readonly createdMs: number;
}

/** Where the catalog writes what must survive the process. Each promise resolves when it would. */
export interface Keeper {
  putBucket(settings: BucketSettings): Promise<void>;
  dropBucket(name: string): Promise<void>;
  putObject(bucket: string, record: ObjectRecord): Promise<void>;
  dropObject(bucket: string, key: string): Promise<void>;
  putUpload(bucket: string, upload: UploadRecord): Promise<void>;
  putPart(bucket: string, upload: UploadRecord, part: PartRecord): Promise<void>;
  dropUpload(bucket: string, upload: UploadRecord): Promise<void>;
}

/** Keeps nothing: everything goes with the process. */
export const noKeeper: Keeper = {
  putBucket: async () => {},
  dropBucket: async () => {},
  putObject: async () => {},
  dropObject: async () => {},
  putUpload: async () => {},
  putPart: async () => {},
  dropUpload: async () => {},
};
