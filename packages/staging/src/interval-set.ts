/** Bytes from `begin` to `end`, exclusive. */
export interface Interval {
  readonly begin: number;
  readonly end: number;
}

/**
 * A set of byte offsets, as intervals in order of which none touches the next. Every question costs a binary search.
 *
 * Threads: one.
 */
export class IntervalSet {
  readonly #intervals: Interval[] = [];
  #bytes = 0;

  /** How many bytes are in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many intervals they make. */
  get count(): number {
    return this.#intervals.length;
  }

  add(begin: number, end: number): void {
    if (begin >= end) return;
    // All that it touches becomes one with it.
    const first = this.#firstEndingFrom(begin);
    let merged: Interval = { begin, end };
    let last = first;
    for (; last < this.#intervals.length; last++) {
      const other = this.#intervals[last] as Interval;
      if (other.begin > end) break;
      merged = { begin: Math.min(merged.begin, other.begin), end: Math.max(merged.end, other.end) };
      this.#bytes -= other.end - other.begin;
    }
    this.#bytes += merged.end - merged.begin;
    this.#intervals.splice(first, last - first, merged);
  }

  /** Whether every byte from `begin` to `end` is in it. */
  covers(begin: number, end: number): boolean {
    return begin >= end || this.endOf(begin) >= end;
  }

  /** Where the bytes that begin at `offset` end: `offset` itself when that byte is missing. */
  endOf(offset: number): number {
    const interval = this.#intervals[this.#firstEndingFrom(offset + 1)];
    return interval !== undefined && interval.begin <= offset ? interval.end : offset;
  }

  /** The first interval that begins at `offset` or behind it. */
  next(offset: number): Interval | undefined {
    const index = this.#firstEndingFrom(offset + 1);
    const interval = this.#intervals[index];
    return interval !== undefined && interval.begin < offset ? this.#intervals[index + 1] : interval;
  }

  /** The first bytes from `begin` to `end` that are missing. */
  firstGap(begin: number, end: number): Interval | undefined {
    const from = this.endOf(begin);
    if (from >= end) return undefined;
    return { begin: from, end: Math.min(end, this.next(from)?.begin ?? end) };
  }

  /** All bytes from `begin` to `end` that are missing, in order. */
  gaps(begin: number, end: number): Interval[] {
    const found: Interval[] = [];
    for (let gap = this.firstGap(begin, end); gap !== undefined; gap = this.firstGap(gap.end, end)) found.push(gap);
    return found;
  }

  /** Index of the first interval whose end is at `offset` or behind it. */
  #firstEndingFrom(offset: number): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#intervals[middle] as Interval).end < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
