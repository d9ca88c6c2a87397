/** Bytes from `begin` to `end`. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** A set of bytes as ranges in order, none touching another. */
export class RangeSet {
  #ranges: ByteRange[] = [];

  add(begin: number, end: number): void {
    if (begin >= end) return;
    const last = this.#ranges.at(-1);
    // What is written in order needs no search.
    if (last !== undefined && begin >= last.begin && begin <= last.end) {
      if (end > last.end) this.#ranges[this.#ranges.length - 1] = { begin: last.begin, end };
      return;
    }
    const before = this.#ranges.filter((range) => range.end < begin);
    const behind = this.#ranges.filter((range) => range.begin > end);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - behind.length);
    const merged = {
      begin: Math.min(begin, touched[0]?.begin ?? begin),
      end: Math.max(end, touched.at(-1)?.end ?? end),
    };
    this.#ranges = [...before, merged, ...behind];
  }

  /** Takes everything from `size` on out. */
  truncate(size: number): void {
    this.#ranges = this.#ranges
      .filter((range) => range.begin < size)
      .map((range) => (range.end > size ? { begin: range.begin, end: size } : range));
  }

  /** Whether every byte is in it. */
  covers(begin: number, end: number): boolean {
    return begin >= end || this.#ranges.some((range) => range.begin <= begin && end <= range.end);
  }

  /** What is in it of the bytes from `begin` to `end`. */
  within(begin: number, end: number): ByteRange[] {
    return this.#ranges
      .filter((range) => range.begin < end && begin < range.end)
      .map((range) => ({ begin: Math.max(begin, range.begin), end: Math.min(end, range.end) }));
  }

  /** What is missing of them. */
  missing(begin: number, end: number): ByteRange[] {
    const gaps: ByteRange[] = [];
    let done = begin;
    for (const range of this.within(begin, end)) {
      if (range.begin > done) gaps.push({ begin: done, end: range.begin });
      done = range.end;
    }
    if (done < end) gaps.push({ begin: done, end });
    return gaps;
  }
}
