import { ConveyorError } from '@libconveyor/errors';
import type { FileStat, OperationOptions, Storage, StorageFile } from '@libconveyor/storage';
import type { Source, SourceAnswer, SourceRange } from '../source.ts';
import { origin } from '../temp-file.ts';

/** Size of single reads unless told otherwise, bytes. */
const pieceBytesDefault = 1024 ** 2;

/** Reads in flight for one request. */
const depthDefault = 4;

/** Options of {@link fileSource}. */
export interface FileSourceOptions {
  /** See {@link Source.key}. */
  readonly key?: string | undefined;
  /** Bytes of a single read. Default: 1 MiB. */
  readonly pieceBytes?: number | undefined;
  /** Reads of one request that are in flight together. Default: 4. */
  readonly depth?: number | undefined;
}

/** An open file of any storage as a source. It stays the caller's to close, after the staged file. */
export function fileSource(file: StorageFile, options: FileSourceOptions = {}): Source {
  return {
    name: file.path,
    key: options.key,
    open: (range, signal) => answer(file, range, options, signal),
  };
}

/** Options of {@link storageSource}. */
export interface StorageSourceOptions extends Omit<FileSourceOptions, 'key'>, OperationOptions {
  /** A description of the file that the caller has already; saves asking. */
  readonly stat?: FileStat | undefined;
}

/**
 * A file of a storage as a source, opened when it is needed and closed when it is not. It is the version that is there
 * now: sharing is by version, and where the storage knows versions, another one is ESTALE, never a mix.
 *
 * Errors: those of `stat`; EISDIR.
 */
export async function storageSource(
  storage: Storage,
  path: string,
  options: StorageSourceOptions = {},
): Promise<Source> {
  const { stat = await storage.stat(path, { signal: options.signal }), ...reading } = options;
  if (stat.type === 'directory') throw new ConveyorError('EISDIR', { origin, operation: 'stage', path });
  const ifVersion = storage.capabilities.changeDetection === 'none' ? undefined : stat.version;
  let file: Promise<StorageFile> | undefined;
  let closing: Promise<void> | undefined;
  const opened = async (): Promise<StorageFile> => {
    await closing;
    file ??= storage.open(path, 'r', { ifVersion });
    const opening = file;
    opening.catch(() => {
      if (file === opening) file = undefined;
    });
    return opening;
  };
  return {
    name: `${storage.name} ${path}`,
    key: [storage.name, path, stat.version ?? `${stat.size} ${stat.mtimeMs}`].join('\0'),
    async open(range, signal) {
      return answer(await opened(), range, reading, signal);
    },
    async close() {
      const closed = file;
      file = undefined;
      closing = closed?.then((each) => each.close()).catch(() => undefined);
      await closing;
    },
  };
}

async function answer(
  file: StorageFile,
  range: SourceRange,
  options: FileSourceOptions,
  signal: AbortSignal,
): Promise<SourceAnswer> {
  const size = await file.size({ signal });
  const begin = Math.min(range.begin, size);
  const end = Math.max(begin, Math.min(range.end ?? size, size));
  return { begin, end, size, isRanged: true, body: pieces(file, begin, end, options, signal) };
}

/** Reads in order, several at a time. */
async function* pieces(
  file: StorageFile,
  begin: number,
  end: number,
  { pieceBytes = pieceBytesDefault, depth = depthDefault }: FileSourceOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Promise<Uint8Array>[] = [];
  let next = begin;
  const readOne = async (offset: number): Promise<Uint8Array> => {
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - offset));
    const count = await file.read(piece, offset, { signal });
    return piece.subarray(0, count);
  };
  while (next < end || running.length > 0) {
    for (; next < end && running.length < depth; next += pieceBytes) {
      const reading = readOne(next);
      reading.catch(() => undefined); // told when its turn comes
      running.push(reading);
    }
    const piece = (await running.shift()) as Uint8Array;
    yield piece;
    // The file has ended early; what was read behind it is nothing.
    if (piece.byteLength < Math.min(pieceBytes, end - begin)) return;
    begin += piece.byteLength;
  }
}
