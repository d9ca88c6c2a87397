import { posix } from 'node:path';
import { isConveyorError } from '@libconveyor/errors';
import type { FileStat, Storage, StorageProvider } from '@libconveyor/storage';
import { Failure, reasonOf } from './failure.ts';
import { quoted } from './quoted.ts';

/** What a command line says about the storages that it names. */
export interface StorageSettings {
  /** URL of the service that `s3:` names are at. */
  readonly endpoint?: string | undefined;
  /** Files are written in any order, and directories are made: for mounts. */
  readonly mounts?: boolean | undefined;
  /** Copies are read back before they get their names. */
  readonly readsBack?: boolean | undefined;
}

/** Every scheme that can be named on the command line, with its adapter, which is loaded on first use. */
const adapters: Readonly<Record<string, (settings: StorageSettings) => Promise<StorageProvider>>> = {
  file: async () => (await import('@libconveyor/storage-fs')).fileProvider,
  s3: async ({ endpoint, readsBack, mounts = false }) => {
    const { s3ProviderWith } = await import('@libconveyor/storage-s3');
    if (mounts) return s3ProviderWith({ endpoint });
    // Whoever copies writes in order and names no directories: what was sent need not be kept, nor be asked for.
    return s3ProviderWith({ endpoint, directories: false, spool: 'none', stagesReplacements: readsBack });
  },
  irods: async () => (await import('@libconveyor/storage-irods')).irodsProviderWith({ applicationName: 'conveyor' }),
};

/** A path in a storage, and what to call it in front of the user. */
export class Place {
  readonly storage: Storage;
  readonly path: string;
  /** As the user wrote it, or made from that. */
  readonly shown: string;
  readonly #isUrl: boolean;

  constructor(storage: Storage, path: string, shown: string, isUrl: boolean) {
    this.storage = storage;
    this.path = path;
    this.shown = shown;
    this.#isUrl = isUrl;
  }

  /** The last name of the path; undefined where that is no name of its own: `/`, `.`, `..`. */
  get lastName(): string | undefined {
    const name = posix.basename(this.path);
    return name === '' || name === '.' || name === '..' ? undefined : name;
  }

  /** Whether it is written as a directory. */
  get endsWithSlash(): boolean {
    return this.path.endsWith('/');
  }

  /** The directory that holds the name. */
  get parent(): Place {
    return new Place(this.storage, posix.dirname(this.path), posix.dirname(this.shown), this.#isUrl);
  }

  /** What a name means in this directory. */
  child(name: string): Place {
    const join = (folder: string, last: string): string => `${folder.replace(/\/+$/, '')}/${last}`;
    const shownName = this.#isUrl ? encodeURIComponent(name) : name;
    return new Place(this.storage, join(this.path, name), join(this.shown, shownName), this.#isUrl);
  }

  /** Describes what is there; undefined when nothing is. Errors: those of `Storage.stat` but ENOENT. */
  async find(followLinks: boolean, signal?: AbortSignal): Promise<FileStat | undefined> {
    try {
      return await this.storage.stat(this.path, { followLinks, signal });
    } catch (thrown) {
      if (isConveyorError(thrown) && thrown.code === 'ENOENT') return undefined;
      throw thrown;
    }
  }
}

/**
 * Finds what arguments mean: `file:` and every `SCHEME://` is a URL for the adapter of that scheme, everything else a
 * path of this machine. (`./file:x` is a path whatever it looks like.)
 */
export class Storages implements AsyncDisposable {
  readonly #opened = new Set<Storage>();
  readonly #settings: StorageSettings;

  constructor(settings: StorageSettings = {}) {
    this.#settings = settings;
  }

  /** Errors: {@link Failure} for a scheme without an adapter, an empty name, a URL that means nothing. */
  async locate(argument: string): Promise<Place> {
    if (argument === '') throw new Failure('ENOENT', 'an empty name leads nowhere', '');
    const scheme = schemeOf(argument);
    const provider = await providerOf(scheme ?? 'file', argument, this.#settings);
    try {
      const { storage, path } = await provider.locate(scheme === undefined ? await urlOfPath(argument) : argument);
      this.#opened.add(storage);
      return new Place(storage, path, argument, scheme !== undefined);
    } catch (thrown) {
      throw new Failure(codeOf(thrown), `cannot use ${quoted(argument)}: ${reasonOf(thrown)}`, argument, thrown);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const storage of this.#opened) await storage.close();
  }
}

function schemeOf(argument: string): string | undefined {
  const [, scheme, slashes] = /^([a-z][a-z0-9+.-]*):(\/\/)?/i.exec(argument) ?? [];
  const name = scheme?.toLowerCase();
  return slashes !== undefined || name === 'file' ? name : undefined;
}

async function providerOf(scheme: string, argument: string, settings: StorageSettings): Promise<StorageProvider> {
  const load = Object.hasOwn(adapters, scheme) ? adapters[scheme] : undefined;
  if (load !== undefined) return load(settings);
  const known = Object.keys(adapters).join(', ');
  const message = `cannot use ${quoted(argument)}: no adapter for scheme ${quoted(scheme)}; there is one for: ${known}`;
  throw new Failure('ENOTSUP', message, argument);
}

async function urlOfPath(path: string): Promise<string> {
  const { fileUrlOfPath } = await import('@libconveyor/storage-fs');
  // Joined, not resolved: `..` behind a symbolic link is the kernel's to understand.
  return fileUrlOfPath(path.startsWith('/') ? path : `${process.cwd()}/${path}`);
}

function codeOf(thrown: unknown): string {
  return isConveyorError(thrown) ? thrown.code : ((thrown as { code?: string }).code ?? 'EINVAL');
}
