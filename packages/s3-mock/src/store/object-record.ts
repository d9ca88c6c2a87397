import type { ChecksumAlgorithm } from '../checksums/algorithms.ts';
import type { Blob } from './blob.ts';

/** A piece of a blob. */
export interface Segment {
  readonly blob: Blob;
  /** Where the piece begins in the blob. */
  readonly start: number;
  readonly length: number;
}

/** Of a whole object or part. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; a composite one ends in `-` and the number of parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** An object's headers that are stored with it, names in lower case (`content-type`, `x-amz-meta-color`). */
export type StoredHeaders = Readonly<Record<string, string>>;

/** One version of an object; it never changes. */
export interface ObjectRecord {
  readonly key: string;
  readonly length: number;
  /** With quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly headers: StoredHeaders;
  readonly checksum: Checksum | undefined;
  readonly segments: readonly Segment[];
  /** Lengths of the parts it was completed from; none when it was put in one piece. */
  readonly partLengths: readonly number[];
}

/** A part of an upload that is not completed yet. */
export interface PartRecord {
  readonly number: number;
  readonly length: number;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly checksum: Checksum | undefined;
  readonly segments: readonly Segment[];
}

/** A multipart upload that is neither completed nor aborted. */
export interface UploadRecord {
  readonly id: string;
  readonly key: string;
  readonly startedMs: number;
  readonly headers: StoredHeaders;
  readonly algorithm: ChecksumAlgorithm | undefined;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE';
  readonly parts: ReadonlyMap<number, PartRecord>;
}

/** The bytes [start, end) of segments one after another. Requires: within their length. */
export async function* readSegments(
  segments: readonly Segment[],
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  let position = 0;
  for (const segment of segments) {
    const from = Math.max(start, position);
    const to = Math.min(end, position + segment.length);
    if (from < to) yield* segment.blob.read(segment.start + from - position, segment.start + to - position, from);
    position += segment.length;
    if (position >= end) return;
  }
}

/** The segments that make up the bytes [start, end). */
export function sliceSegments(segments: readonly Segment[], start: number, end: number): Segment[] {
  const slices: Segment[] = [];
  let position = 0;
  for (const segment of segments) {
    const from = Math.max(start, position);
    const to = Math.min(end, position + segment.length);
    if (from < to) slices.push({ blob: segment.blob, start: segment.start + from - position, length: to - from });
    position += segment.length;
  }
  return slices;
}

/** Holds every blob of the segments once more. */
export function acquireSegments(segments: readonly Segment[]): void {
  for (const { blob } of segments) blob.acquire();
}

export function releaseSegments(segments: readonly Segment[]): void {
  for (const { blob } of segments) blob.release();
}
