import type { BlobStore } from './blob.ts';
import { Catalog } from './catalog.ts';
import { DiscardingBlobs } from './discarding-blobs.ts';
import { DiskBlobs } from './disk-blobs.ts';
import { DiskKeeper, restoreCatalog } from './disk-keeper.ts';
import { Folder } from './folder.ts';
import { noKeeper } from './keeper.ts';
import { MemoryBlobs } from './memory-blobs.ts';

/** What a server stores, and where. */
export interface OpenStore {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

/** In a folder, with what is in it already; or in memory; or nowhere (`discard`). */
export async function openStore(data: string | undefined, discard: boolean): Promise<OpenStore> {
  if (data === undefined) {
    const blobs = discard ? new DiscardingBlobs() : new MemoryBlobs();
    return { catalog: new Catalog(noKeeper), blobs, close: async () => {} };
  }
  const folder = await Folder.open(data);
  try {
    const blobs = new DiskBlobs(folder);
    const catalog = new Catalog(new DiskKeeper(folder));
    await restoreCatalog(folder, blobs, catalog);
    const close = async (): Promise<void> => {
      await blobs.settle();
      await folder.close();
    };
    return { catalog, blobs, close };
  } catch (thrown) {
    await folder.close();
    throw thrown;
  }
}
