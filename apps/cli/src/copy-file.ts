import { createHash, type Hash } from 'node:crypto';
import { type BufferingOptions, type ConveyorFileHandle, openFile } from '@libconveyor/conveyor';
import type { Attributes, Capabilities, FileStat, StorageFile, StorageReplacement } from '@libconveyor/storage';
import { readingOptions } from './capacities.ts';
import type { EngineTotals } from './engine-totals.ts';
import { Failure, notRegular, readFailure, writeFailure } from './failure.ts';
import { type Buffers, transfer } from './pipeline.ts';
import { quoted } from './quoted.ts';
import type { Place } from './storages.ts';

/** How files are copied. */
export interface CopySettings {
  /** Bound on what is read ahead of the source, bytes. */
  readonly readCapacity: number | undefined;
  /** Of the handle that writes the destination. */
  readonly writing: BufferingOptions;
  /** Computes SHA-256 of what is read, then of what has arrived. */
  readonly checksum: boolean;
}

/** What a copy needs beside its two names. */
export interface CopyTools {
  readonly settings: CopySettings;
  readonly buffers: Buffers;
  readonly totals: EngineTotals;
  readonly signal?: AbortSignal | undefined;
  /** Told of every piece that the destination has accepted. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** A file that has been copied. */
export interface CopiedFile {
  readonly bytes: number;
  /** In hexadecimal; with `checksum`. */
  readonly sha256: string | undefined;
}

const permissionBits = 0o777;

/**
 * Copies a file over whatever file `target` names: the new content appears whole, durable and with the source's
 * permission bits and times, or the old one stays. Symbolic links are followed on both sides.
 *
 * Errors: {@link Failure}, the signal's reason; whatever happens, nothing is left beside the target.
 */
export async function copyFile(source: Place, target: Place, tools: CopyTools): Promise<CopiedFile> {
  const { signal } = tools;
  const file = await source.storage.open(source.path, 'r', { signal }).catch((thrown: unknown) => {
    throw readFailure(source, thrown);
  });
  try {
    const before = await file.stat().catch((thrown: unknown) => {
      throw readFailure(source, thrown);
    });
    await requireReplaceable(source, target, before, signal);
    return await replace(source, file, before, target, tools);
  } finally {
    await file.close();
  }
}

/** Refuses destinations that must not be replaced, before anything is written. */
async function requireReplaceable(
  source: Place,
  target: Place,
  stat: FileStat,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Flat names of another storage: there is no directory in the way, and no second name of the source.
  if (!target.storage.capabilities.directories && source.storage.scheme !== target.storage.scheme) return;
  const there = await target.find(true, signal).catch((thrown: unknown) => {
    throw writeFailure(target, thrown);
  });
  if (there === undefined) return;
  if (isSame(source, stat, target, there)) throw sameFile(source, target);
  if (there.type === 'file') return;
  const what = there.type === 'directory' ? 'a directory is there' : notRegular(target);
  const code = there.type === 'directory' ? 'EISDIR' : 'ENOTSUP';
  throw new Failure(code, `cannot write ${quoted(target.shown)}: ${what}`, target.shown);
}

/** Whether two names lead to the same thing: a hard or symbolic link hides nothing. */
export function isSame(one: Place, oneStat: FileStat, other: Place, otherStat: FileStat): boolean {
  if (one.storage.scheme !== other.storage.scheme) return false;
  if (oneStat.identity === undefined) return one.storage.name === other.storage.name && one.path === other.path;
  return oneStat.identity === otherStat.identity;
}

export function sameFile(source: Place, target: Place): Failure {
  return new Failure('EINVAL', `${quoted(source.shown)} and ${quoted(target.shown)} are the same file`, source.shown);
}

async function replace(
  source: Place,
  file: StorageFile,
  before: FileStat,
  target: Place,
  tools: CopyTools,
): Promise<CopiedFile> {
  const { signal } = tools;
  const attributes = keptAttributes(before, target.storage.capabilities);
  const options = { signal, ...(attributes.mode === undefined ? {} : { mode: attributes.mode }) };
  let replacement: StorageReplacement;
  try {
    replacement = await target.storage.openReplacement(target.path, options);
  } catch (thrown) {
    throw writeFailure(target, thrown);
  }
  try {
    await announceTimes(target, replacement, attributes);
    const copied = await moveBytes(source, file, before, target, replacement, tools);
    await requireUnchanged(source, file, before, target);
    if (copied.sha256 !== undefined) await verify(target, replacement, copied.sha256, tools);
    try {
      if (attributes.mtimeMs !== undefined) await replacement.setAttributes(attributes);
      await replacement.commit({ signal });
    } catch (thrown) {
      throw writeFailure(target, thrown);
    }
    return copied;
  } finally {
    // Drops what was not committed; after a commit it does nothing.
    await replacement.close();
  }
}

/** What the copy takes over from its source, as far as the destination has it. Set-id bits belong to the owner. */
function keptAttributes(stat: FileStat, { posix }: Capabilities): Attributes {
  if (posix === 'none') return {};
  const times = { mtimeMs: stat.mtimeMs, ...(stat.atimeMs === undefined ? {} : { atimeMs: stat.atimeMs }) };
  if (posix === 'times' || stat.mode === undefined) return times;
  return { ...times, mode: stat.mode & permissionBits };
}

/** A storage that keeps times, and no more, wants to know them when the bytes begin to leave: a change costs a copy. */
async function announceTimes(target: Place, replacement: StorageReplacement, attributes: Attributes): Promise<void> {
  if (target.storage.capabilities.posix !== 'times' || attributes.mtimeMs === undefined) return;
  try {
    await replacement.setAttributes(attributes);
  } catch (thrown) {
    throw writeFailure(target, thrown);
  }
}

async function moveBytes(
  source: Place,
  file: StorageFile,
  before: FileStat,
  target: Place,
  replacement: StorageReplacement,
  tools: CopyTools,
): Promise<CopiedFile> {
  const { settings, totals, signal, onBytes } = tools;
  const reading = readingOptions(settings.readCapacity, source.storage.capabilities);
  const input = await openFile(source.storage, file, { ...reading, closeFile: false });
  try {
    const output = await openFile(target.storage, replacement, { ...settings.writing, closeFile: false });
    try {
      const hash = settings.checksum ? createHash('sha256') : undefined;
      const bytes = await transfer(
        (buffer) => readInto(source, input, buffer, signal),
        async (piece) => {
          const writing = writeAll(target, output, piece, signal);
          hash?.update(piece);
          await writing;
          onBytes?.(piece.byteLength);
        },
        tools.buffers,
        // Files of /proc have content, and 0 as their size.
        { length: before.size === 0 ? undefined : before.size, signal },
      );
      await landAll(target, output, signal);
      requireComplete(source, before, bytes, target);
      return { bytes, sha256: hash?.digest('hex') };
    } finally {
      totals.add(output.stats());
      await closeQuietly(output);
    }
  } finally {
    totals.add(input.stats());
    await closeQuietly(input);
  }
}

async function readInto(
  place: Place,
  handle: ConveyorFileHandle,
  buffer: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    return (await handle.read(buffer, { signal })).bytesRead;
  } catch (thrown) {
    throw readFailure(place, thrown);
  }
}

async function writeAll(
  place: Place,
  handle: ConveyorFileHandle,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.byteLength; ) {
      done += (await handle.write(bytes, { offset: done, signal })).bytesWritten;
    }
  } catch (thrown) {
    throw writeFailure(place, thrown);
  }
}

async function landAll(place: Place, handle: ConveyorFileHandle, signal: AbortSignal | undefined): Promise<void> {
  try {
    await handle.flush({ signal });
  } catch (thrown) {
    throw writeFailure(place, thrown);
  }
}

/** Everything has been landed, or is to be thrown away: what closing could still say is known already. */
async function closeQuietly(handle: ConveyorFileHandle): Promise<void> {
  await handle.close().catch(() => undefined);
}

function requireComplete(source: Place, before: FileStat, bytes: number, target: Place): void {
  if (before.size !== 0 && bytes !== before.size) throw changed(source, `${before.size} to ${bytes} bytes`, target);
}

async function requireUnchanged(source: Place, file: StorageFile, before: FileStat, target: Place): Promise<void> {
  const now = await file.stat().catch((thrown: unknown) => {
    throw readFailure(source, thrown);
  });
  if (now.size !== before.size) throw changed(source, `${before.size} to ${now.size} bytes`, target);
  if (now.mtimeMs !== before.mtimeMs) throw changed(source, 'its bytes were rewritten', target);
}

function changed(source: Place, how: string, target: Place): Failure {
  const message = `${quoted(source.shown)} changed while it was copied (${how}); ${quoted(target.shown)} is as it was`;
  return new Failure('ESTALE', message, source.shown);
}

/** Reads the copy back before it gets its name, and behind a sync, so that it has passed the storage's own checks. */
async function verify(
  target: Place,
  replacement: StorageReplacement,
  expected: string,
  { settings, buffers, signal }: CopyTools,
): Promise<void> {
  try {
    await replacement.sync({ signal });
  } catch (thrown) {
    throw writeFailure(target, thrown);
  }
  const reading = readingOptions(settings.readCapacity, target.storage.capabilities);
  const options = { ...reading, writeCapacityMax: 'off', durability: 'memory', closeFile: false } as const;
  const handle = await openFile(target.storage, replacement, options);
  try {
    const hash: Hash = createHash('sha256');
    const update = async (piece: Uint8Array): Promise<void> => {
      hash.update(piece);
    };
    await transfer((buffer) => readInto(target, handle, buffer, signal), update, buffers, { signal });
    const found = hash.digest('hex');
    if (found === expected) return;
    const message = `${quoted(target.shown)} is not what was sent (SHA-256 ${found} instead of ${expected}); dropped`;
    throw new Failure('ERR_CONVEYOR_CHECKSUM', message, target.shown);
  } finally {
    await closeQuietly(handle);
  }
}
