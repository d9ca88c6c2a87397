import type { Spread } from './statistics.ts';

/** Everything that can be compared with a limit. */
export const measures = [
  'ratio',
  'rivalRatio',
  'wireRatio',
  'linkShare',
  'ms',
  'threads',
  'residentBytes',
  'leastShare',
] as const;

export type Measure = (typeof measures)[number];

/** What a workload must reach. */
export interface Requirement {
  readonly measure: Measure;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  /** The condition that it is about; undefined: each. */
  readonly condition?: string | undefined;
}

/** A requirement beside the figure that was measured. */
export interface Verdict extends Omit<Requirement, 'condition'> {
  readonly value: number;
  readonly reached: boolean;
}

/** What may be measured of one workload under one condition; what is missing was not. */
export interface Figures {
  readonly ratio?: Spread | undefined;
  /** As `ratio`, against the fastest of the workload's rivals. */
  readonly rivalRatio?: number | undefined;
  /** Bytes that the server saw of conveyor, for each of the peer's. */
  readonly wireRatio?: number | undefined;
  /** What conveyor used of the link. */
  readonly linkShare?: number | undefined;
  readonly conveyorNs?: Spread | undefined;
  readonly threads?: number | undefined;
  readonly residentBytes?: number | undefined;
  readonly leastShare?: number | undefined;
}

/**
 * Compares medians with the limits that a condition has.
 *
 * Errors: Error when a figure that a requirement is about was not measured: silence would look like success.
 */
export function judge(requirements: readonly Requirement[], figures: Figures, condition?: string): Verdict[] {
  const due = requirements.filter((each) => each.condition === undefined || each.condition === condition);
  return due.map(({ condition: _, ...requirement }) => {
    const value = figureOf(requirement.measure, figures);
    if (value === undefined) throw new Error(`${requirement.measure} has a limit and was not measured`);
    const reached = requirement.bound === 'at least' ? value >= requirement.limit : value <= requirement.limit;
    return { ...requirement, value, reached };
  });
}

function figureOf(measure: Measure, figures: Figures): number | undefined {
  switch (measure) {
    case 'ratio':
      return figures.ratio?.median;
    case 'rivalRatio':
    case 'wireRatio':
    case 'linkShare':
      return figures[measure];
    case 'ms':
      return figures.conveyorNs === undefined ? undefined : figures.conveyorNs.median / 1e6;
    case 'threads':
      return figures.threads;
    case 'residentBytes':
      return figures.residentBytes;
    case 'leastShare':
      return figures.leastShare;
  }
}
