import type { Interval, IntervalSet } from './interval-set.ts';

/** A request out of order grows up to this. */
const rangeBytesMax = 16 * 1024 ** 2;

/** How many ends of earlier requests are remembered. */
const endsMax = 64;

/** A fetch that is under way, as far as planning cares. */
export interface Claim {
  readonly position: number;
  readonly end: number;
}

/** What is planned with. */
export interface RangeSituation {
  readonly arrived: IntervalSet;
  readonly size: number;
  /** The fetch from the front; undefined when there is none. */
  readonly front: Claim | undefined;
  /** The fetches out of order that run. */
  readonly ranges: readonly Claim[];
}

/**
 * Decides which bytes are fetched out of order: those of a reader who is far ahead of the front, and which nobody
 * fetches yet. Whoever goes on where an earlier request ended gets twice as much at once. Clause: T2.
 */
export class RangePlan {
  readonly #reachBytes: number;
  readonly #rangeBytes: number;
  /** Size of the next request for a reader who goes on at an offset. */
  readonly #nextSizes = new Map<number, number>();

  constructor(reachBytes: number, rangeBytes: number) {
    this.#reachBytes = reachBytes;
    this.#rangeBytes = rangeBytes;
  }

  /** The range to fetch for somebody who needs the bytes from `begin` to `end`; undefined when all he needs comes. */
  next({ arrived, size, front, ranges }: RangeSituation, begin: number, end: number): Interval | undefined {
    const gap = this.#unclaimed(arrived, ranges, begin, Math.min(end, size));
    if (gap === undefined) return undefined;
    if (front !== undefined && gap.begin >= front.position && gap.begin - front.position <= this.#reachBytes) {
      return undefined;
    }
    const length = this.#nextSizes.get(gap.begin) ?? this.#rangeBytes;
    const wanted = Math.max(gap.end, gap.begin + length);
    return { begin: gap.begin, end: this.#clip(arrived, ranges, gap.begin, Math.min(wanted, size)) };
  }

  /** To be told of each range that is fetched. */
  began({ begin, end }: Interval): void {
    const length = this.#nextSizes.get(begin) ?? this.#rangeBytes;
    this.#nextSizes.delete(begin);
    this.#nextSizes.set(end, Math.min(length * 2, rangeBytesMax));
    const oldest = this.#nextSizes.keys().next().value;
    if (this.#nextSizes.size > endsMax && oldest !== undefined) this.#nextSizes.delete(oldest);
  }

  /** The first bytes that are missing and in nobody's range. */
  #unclaimed(arrived: IntervalSet, ranges: readonly Claim[], begin: number, end: number): Interval | undefined {
    for (let from = begin; from < end; ) {
      const gap = arrived.firstGap(from, end);
      if (gap === undefined) return undefined;
      const claim = ranges.find(({ position, end: until }) => position <= gap.begin && gap.begin < until);
      if (claim === undefined) return gap;
      from = claim.end;
    }
    return undefined;
  }

  /** Where a range from `begin` on has to end, at the latest: before what is there, or on its way. */
  #clip(arrived: IntervalSet, ranges: readonly Claim[], begin: number, end: number): number {
    const starts = ranges.map(({ position }) => position).filter((position) => position > begin);
    return Math.min(end, arrived.next(begin)?.begin ?? end, ...starts);
  }
}
