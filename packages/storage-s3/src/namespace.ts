import { Refusal } from './error-map.ts';
import { type KeyPath, parentOf, prefixOf } from './keys.ts';
import type { ObjectInfo, Objects } from './objects.ts';

/** What a key leads to. */
export type Found =
  | { readonly type: 'file'; readonly info: ObjectInfo }
  | { readonly type: 'directory'; readonly modifiedMs: number };

/** Directories that were seen lately are believed to be there still. */
const rememberedMs = 5000;
const rememberedMax = 10_000;

/**
 * Names as files and directories. A directory is a prefix of keys, or a marker: an object of no bytes whose key ends in
 * a slash. An object and a prefix of the same name are a file.
 */
export class Namespace {
  readonly objects: Objects;
  /** Whether a file needs its directory to be there. */
  readonly #hasDirectories: boolean;
  readonly #nowMs: () => number;
  readonly #remembered = new Map<string, number>();

  constructor(objects: Objects, hasDirectories: boolean, nowMs: () => number) {
    this.objects = objects;
    this.#hasDirectories = hasDirectories;
    this.#nowMs = nowMs;
  }

  /** What a path leads to; undefined: nothing. Errors: ENOTDIR for a file written as a directory. */
  async find({ key, asDirectory }: KeyPath, signal?: AbortSignal): Promise<Found | undefined> {
    if (key === '') {
      await this.objects.list('', { keysMax: 1, signal });
      return { type: 'directory', modifiedMs: 0 };
    }
    const [info, directory] = await both(this.objects.head(key, signal), this.#findDirectory(key, signal));
    if (info !== undefined && !asDirectory) return { type: 'file', info };
    if (directory !== undefined) return { type: 'directory', modifiedMs: directory };
    if (info !== undefined) throw new Refusal('ENOTDIR');
    return undefined;
  }

  /** What a path leads to. Errors: ENOENT, ENOTDIR. */
  async get(path: KeyPath, signal?: AbortSignal): Promise<Found> {
    const found = await this.find(path, signal);
    if (found === undefined) throw await this.missing(path.key, signal);
    return found;
  }

  /** Why nothing is there: ENOENT, or ENOTDIR when the path leads through a file. */
  async missing(key: string, signal?: AbortSignal): Promise<Refusal> {
    // Where names are flat, no path leads through anything.
    for (let above = parentOf(key); this.#hasDirectories && above !== ''; above = parentOf(above)) {
      const found = await this.find({ key: above, asDirectory: false }, signal);
      if (found?.type === 'file') return new Refusal('ENOTDIR', `'${above}' is no directory`);
      if (found !== undefined) break;
    }
    return new Refusal('ENOENT');
  }

  /** Requires a file to be possible under a key. Errors: EISDIR, ENOENT (no parent), ENOTDIR. */
  async requireNameFor({ key, asDirectory }: KeyPath, signal?: AbortSignal): Promise<void> {
    if (asDirectory) throw new Refusal('EISDIR');
    // Flat names hide nothing: an object may share its name with the prefix of others.
    if (!this.#hasDirectories) return;
    const [, directory] = await both(this.requireParent(key, signal), this.#findDirectory(key, signal));
    if (directory === undefined) return;
    if ((await this.objects.head(key, signal)) === undefined) throw new Refusal('EISDIR');
  }

  /** Errors: ENOENT, ENOTDIR. */
  async requireParent(key: string, signal?: AbortSignal): Promise<void> {
    const parent = parentOf(key);
    if (parent === '' || !this.#hasDirectories || this.#isRemembered(parent)) return;
    if ((await this.#findDirectory(parent, signal)) !== undefined) return;
    const found = await this.find({ key: parent, asDirectory: false }, signal);
    if (found === undefined) throw await this.missing(key, signal);
    if (found.type === 'file') throw new Refusal('ENOTDIR', `'${parent}' is no directory`);
  }

  /** Whether anything is below a directory. @returns False also when there is no directory. */
  async isEmpty(key: string, signal?: AbortSignal): Promise<boolean> {
    const prefix = prefixOf(key);
    const { objects } = await this.objects.list(prefix, { keysMax: 2, signal });
    return !objects.some((object) => object.key !== prefix);
  }

  /** Makes a directory that nothing is in. */
  async makeMarker(key: string, signal?: AbortSignal): Promise<void> {
    await this.objects.put(prefixOf(key), new Uint8Array(0), {}, {}, signal);
    this.#remember(key);
  }

  /** A directory is not believed to be there any more. */
  forget(key: string): void {
    this.#remembered.delete(key);
    for (const known of this.#remembered.keys()) if (known.startsWith(prefixOf(key))) this.#remembered.delete(known);
  }

  /** When the directory's marker was made, 0 without one; undefined: there is no such directory. */
  async #findDirectory(key: string, signal?: AbortSignal): Promise<number | undefined> {
    const prefix = prefixOf(key);
    const { objects } = await this.objects.list(prefix, { keysMax: 1, signal });
    const [first] = objects;
    if (first === undefined) return undefined;
    this.#remember(key);
    return first.key === prefix ? first.info.modifiedMs : 0;
  }

  #isRemembered(key: string): boolean {
    const seenMs = this.#remembered.get(key);
    return seenMs !== undefined && this.#nowMs() - seenMs < rememberedMs;
  }

  #remember(key: string): void {
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(key, this.#nowMs());
  }
}

/** Waits for both, so that neither fails behind anybody's back. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}
