import { type ConveyorFileHandle, open } from '@libconveyor/conveyor';
import { readingOptions } from './capacities.ts';
import { isSame } from './copy-file.ts';
import { exitStatus } from './exit-status.ts';
import { Failure, readFailure } from './failure.ts';
import { Buffers, transfer } from './pipeline.ts';
import { quoted } from './quoted.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';
import { Place, Storages } from './storages.ts';

/** Options of `conveyor cat`, checked. */
export interface CatOptions {
  /** Bytes. */
  readonly readCapacity?: number | undefined;
  /** URL of the service that `s3:` names are at. */
  readonly endpoint?: string | undefined;
}

/**
 * `conveyor cat`. Resolves with the exit status; failures have been told. What keeps standard output from being written
 * is left to the caller, who finds it in `output`.
 */
export async function cat(
  sources: readonly string[],
  { readCapacity, endpoint }: CatOptions,
  output: StandardOutput,
): Promise<number> {
  await using storages = new Storages({ endpoint });
  const buffers = new Buffers();
  let failed = 0;
  for (const argument of sources) {
    try {
      await catOne(await storages.locate(argument), readCapacity, buffers, output);
    } catch (thrown) {
      if (output.failure !== undefined) break;
      if (!(thrown instanceof Failure)) throw thrown;
      failed++;
      complain(thrown.message);
    }
  }
  return failed === 0 ? exitStatus.done : exitStatus.failed;
}

async function catOne(
  place: Place,
  readCapacity: number | undefined,
  buffers: Buffers,
  output: StandardOutput,
): Promise<void> {
  await using handle = await openSource(place, readCapacity);
  await requireOtherThanOutput(place);
  await transfer((buffer) => readInto(place, handle, buffer), output.take, buffers, {});
}

async function openSource(place: Place, readCapacity: number | undefined): Promise<ConveyorFileHandle> {
  try {
    return await open(place.storage, place.path, 'r', readingOptions(readCapacity, place.storage.capabilities));
  } catch (thrown) {
    throw readFailure(place, thrown);
  }
}

async function readInto(place: Place, handle: ConveyorFileHandle, buffer: Uint8Array): Promise<number> {
  try {
    return (await handle.read(buffer)).bytesRead;
  } catch (thrown) {
    throw readFailure(place, thrown);
  }
}

/** A file that is read while its own bytes are appended to it has no end. */
async function requireOtherThanOutput(place: Place): Promise<void> {
  if (place.storage.scheme !== 'file') return;
  const standardOutput = new Place(place.storage, '/dev/stdout', 'standard output', false);
  const [output, source] = await Promise.all([
    standardOutput.find(true).catch(() => undefined),
    place.find(true).catch(() => undefined),
  ]);
  if (output?.type !== 'file' || source === undefined || source.size === 0) return;
  if (!isSame(place, source, standardOutput, output)) return;
  throw new Failure('EINVAL', `${quoted(place.shown)} is where standard output goes; not read`, place.shown);
}
