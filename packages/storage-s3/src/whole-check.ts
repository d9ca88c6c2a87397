import { combinedCrc32, crc32, crc32Text } from './protocol/crc32.ts';

interface Segment {
  readonly begin: number;
  end: number;
  crc: number;
}

/** Pieces that do not touch each other yet; a reader with more does not read the whole. */
const segmentsMax = 64;

/**
 * Finds out whether somebody who reads a whole object, in pieces and in nearly any order, got the bytes whose CRC the
 * server keeps. Who reads parts, or some bytes twice, is not checked here.
 */
export class WholeCheck {
  readonly #size: number;
  #segments: Segment[] | undefined = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Whether pieces still count. */
  get isActive(): boolean {
    return this.#segments !== undefined;
  }

  /** @returns The CRC of the whole, in S3's words, once all bytes were there. */
  add(offset: number, bytes: Uint8Array): string | undefined {
    const segments = this.#segments;
    if (segments === undefined) return undefined;
    const end = offset + bytes.byteLength;
    const index = segments.findIndex((segment) => segment.end >= offset);
    const before = segments[index];
    const isOverlap = segments.some((segment) => segment.begin < end && offset < segment.end);
    if (isOverlap) {
      this.#segments = undefined;
      return undefined;
    }
    if (before !== undefined && before.end === offset) {
      before.crc = crc32(bytes, before.crc);
      before.end = end;
      this.#join(segments, index);
    } else {
      const place = index < 0 ? segments.length : index;
      segments.splice(place, 0, { begin: offset, end, crc: crc32(bytes) });
      this.#join(segments, place);
    }
    if (segments.length > segmentsMax) this.#segments = undefined;
    const [first] = segments;
    return first?.begin === 0 && first.end === this.#size ? crc32Text(first.crc) : undefined;
  }

  #join(segments: Segment[], index: number): void {
    const [segment, next] = [segments[index], segments[index + 1]];
    if (segment === undefined || next === undefined || segment.end !== next.begin) return;
    segment.crc = combinedCrc32(segment.crc, next.crc, next.end - next.begin);
    segment.end = next.end;
    segments.splice(index + 1, 1);
  }
}
