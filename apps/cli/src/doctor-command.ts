import { formatDuration } from './byte-size.ts';
import { exitStatus } from './exit-status.ts';
import { Failure, readFailure, reasonOf } from './failure.ts';
import { quoted } from './quoted.ts';
import { complain } from './standard-error.ts';
import type { StandardOutput } from './standard-output.ts';
import { type Place, Storages } from './storages.ts';

/** Options of `conveyor doctor`, checked. */
export interface DoctorOptions {
  /** Ends what is found; without it nothing is touched. */
  readonly remove: boolean;
  /** Seconds; what is younger may be under way. */
  readonly olderThan: number;
  readonly json: boolean;
  readonly endpoint?: string | undefined;
}

/** What `conveyor doctor --json` prints for each upload, on a line of its own. */
export interface FoundUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly begun: string;
  readonly removed: boolean;
}

/**
 * `conveyor doctor`: uploads that nobody has ended. Resolves with the exit status: done when nothing is left over that
 * could not be ended.
 */
export async function doctor(
  names: readonly string[],
  options: DoctorOptions,
  output: StandardOutput,
): Promise<number> {
  await using storages = new Storages({ endpoint: options.endpoint });
  let failed = 0;
  for (const name of names) {
    const onFailure = (failure: Failure): void => {
      failed++;
      complain(failure.message);
    };
    try {
      await examine(await storages.locate(name), options, output, onFailure);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      onFailure(thrown);
    }
  }
  return failed === 0 ? exitStatus.done : exitStatus.failed;
}

async function examine(
  place: Place,
  { remove, olderThan, json }: DoctorOptions,
  output: StandardOutput,
  onFailure: (failure: Failure) => void,
): Promise<void> {
  const { S3Storage } = await import('@libconveyor/storage-s3');
  const { storage, path } = place;
  if (!(storage instanceof S3Storage)) {
    throw new Failure('ENOTSUP', `nothing is left over at ${quoted(place.shown)} that doctor knows of`, place.shown);
  }
  const { orphans } = storage;
  const bucket = storage.name.slice('s3://'.length);
  const nowMs = Date.now();
  try {
    // The server's clock is not ours: with no age asked for, everything counts.
    const beforeMs = olderThan === 0 ? Number.POSITIVE_INFINITY : nowMs - olderThan * 1000;
    for await (const upload of orphans.list(path.replace(/^\/+/, ''), beforeMs)) {
      const removed = remove && (await wasRemoved(() => orphans.remove(upload), upload.key, onFailure));
      const found = {
        bucket,
        key: upload.key,
        uploadId: upload.id,
        begun: new Date(upload.begunMs).toISOString(),
        removed,
      };
      await output.write(json ? `${JSON.stringify(found)}\n` : line(found, (nowMs - upload.begunMs) / 1000));
    }
  } catch (thrown) {
    throw readFailure(place, thrown);
  }
}

async function wasRemoved(
  end: () => Promise<void>,
  key: string,
  onFailure: (failure: Failure) => void,
): Promise<boolean> {
  try {
    await end();
    return true;
  } catch (thrown) {
    onFailure(new Failure('EIO', `cannot end the upload of ${quoted(key)}: ${reasonOf(thrown)}`, key, thrown));
    return false;
  }
}

function line({ bucket, key, removed }: FoundUpload, ageSeconds: number): string {
  const name = quoted(`s3://${bucket}/${key}`);
  return `${removed ? 'removed' : 'found'}  ${name}  begun ${formatDuration(ageSeconds)} ago\n`;
}
