import { Refusal } from './error-map.ts';
import { MultipartUpload, type UploadedPart } from './multipart.ts';
import type { Condition, ObjectInfo, Objects } from './objects.ts';
import { Slots } from './slots.ts';

/** More than this CopyObject does not take. */
const singleBytesMax = 5 * 1024 ** 3;
const partBytes = 1024 ** 3;
const parallel = 8;

/** Where and what to copy. */
export interface CopyTask {
  readonly source: string;
  readonly info: ObjectInfo;
  readonly target: string;
  readonly condition: Condition;
  /** What the target says of itself; undefined: what the source says. */
  readonly kept?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies an object of any length on the server; the target, which may be the source, is there whole or not at all.
 *
 * @returns The ETag of the target. Errors: ESTALE, EEXIST.
 */
export async function copyOnServer(objects: Objects, task: CopyTask): Promise<string> {
  const { source, info, target, condition, kept, signal } = task;
  const isPlain = condition.isNew !== true && condition.ifMatch === undefined;
  if (isPlain && info.size <= singleBytesMax) {
    return objects.copy(source, info.etag, target, kept, signal);
  }
  if (info.size === 0) return objects.put(target, new Uint8Array(0), kept ?? info.kept, condition, signal);
  const upload = await MultipartUpload.begin(objects, target, kept ?? info.kept, signal);
  try {
    return await upload.complete(await copyParts(upload, task), condition, signal);
  } catch (thrown) {
    // The first error counts; what stays behind `doctor` finds.
    await upload.abort().catch(() => undefined);
    throw thrown;
  }
}

async function copyParts(upload: MultipartUpload, { source, info, signal }: CopyTask): Promise<UploadedPart[]> {
  const slots = new Slots(parallel);
  const from = { key: source, etag: info.etag };
  const copies: Promise<UploadedPart>[] = [];
  // One part is the whole: a range would need a source of more than 5 MiB.
  if (info.size <= partBytes) return [await upload.copy(1, from, undefined, info.size, signal)];
  for (let offset = 0; offset < info.size; offset += partBytes) {
    const range = { offset, length: Math.min(partBytes, info.size - offset) };
    const number = copies.length + 1;
    copies.push(slots.run(() => upload.copy(number, from, range, range.length, signal)));
  }
  const outcomes = await Promise.allSettled(copies);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** What an exclusive copy found in its way. */
export function taken(thrown: unknown): Refusal {
  return new Refusal('EEXIST', undefined, thrown);
}
