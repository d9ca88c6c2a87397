import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MemoryStorage, type Storage } from '@libconveyor/storage';
import { tempDir } from '@libconveyor/testkit';
import { descriptorStorage } from './descriptor-storage.ts';

/** How the engine reaches the files: through descriptors of its own, or through methods in JavaScript. */
export const placeKinds = ['descriptor', 'javascript'] as const;
export type PlaceKind = (typeof placeKinds)[number];

/** A storage, and a way to its contents that does not lead through conveyor. */
export interface Place extends AsyncDisposable {
  readonly kind: PlaceKind;
  readonly storage: Storage;
  put(path: string, content: Uint8Array | string): Promise<void>;
  get(path: string): Promise<Buffer>;
}

export async function makePlace(kind: PlaceKind): Promise<Place> {
  if (kind === 'javascript') return memoryPlace(new MemoryStorage());
  const folder = await tempDir();
  return {
    kind,
    storage: descriptorStorage(folder.path),
    put: (path, content) => writeFile(join(folder.path, path), content),
    get: (path) => readFile(join(folder.path, path)),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

/** @param seen What conveyor gets to see of the memory storage: the storage itself, or a layer around it. */
export function memoryPlace(memory: Storage, seen: Storage = memory): Place {
  return {
    kind: 'javascript',
    storage: seen,
    async put(path, content) {
      const file = await memory.open(path, 'w');
      await file.write(Buffer.from(content), 0);
      await file.close();
    },
    async get(path) {
      const file = await memory.open(path, 'r');
      const content = Buffer.alloc(await file.size());
      await file.read(content, 0);
      await file.close();
      return content;
    },
    async [Symbol.asyncDispose]() {
      await memory.close();
    },
  };
}
