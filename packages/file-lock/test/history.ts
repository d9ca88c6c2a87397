/** One stretch of time for which somebody held a lock. Times are nanoseconds of one clock. */
export interface Section {
  readonly owner: string;
  readonly mode: 'exclusive' | 'shared';
  /** Taken after the lock was got. */
  readonly begin: bigint;
  /** Taken before it was given back. */
  readonly end: bigint;
}

/** Two sections that ought not to be at the same time. */
export interface Overlap {
  readonly first: Section;
  readonly second: Section;
}

/**
 * Looks for two sections at the same time of which one is exclusive. None found proves exclusion for the whole history:
 * in order of their beginnings, a section is compared with the one that ends last among all before it, and among the
 * exclusive ones before it.
 *
 * Errors: RangeError for a section that ends before it begins.
 */
export function findOverlap(history: readonly Section[]): Overlap | undefined {
  const ordered = [...history].sort(compare);
  let last: Section | undefined;
  let lastExclusive: Section | undefined;
  for (const section of ordered) {
    if (section.end < section.begin) throw new RangeError(`a section of ${section.owner} ends before it begins`);
    const rival = section.mode === 'exclusive' ? last : lastExclusive;
    if (rival !== undefined && rival.end > section.begin) return { first: rival, second: section };
    if (last === undefined || section.end > last.end) last = section;
    const isLater = lastExclusive === undefined || section.end > lastExclusive.end;
    if (section.mode === 'exclusive' && isLater) lastExclusive = section;
  }
  return undefined;
}

function compare(a: Section, b: Section): number {
  if (a.begin !== b.begin) return a.begin < b.begin ? -1 : 1;
  return a.end < b.end ? -1 : a.end > b.end ? 1 : 0;
}
