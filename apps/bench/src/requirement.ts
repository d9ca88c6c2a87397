import type { Spread } from './statistics.ts';

/** What is compared with a limit. */
export type Measure = 'ratio' | 'ms' | 'threads' | 'residentBytes' | 'leastShare';

/** What a workload must reach. */
export interface Requirement {
  readonly measure: Measure;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
}

/** A requirement beside the figure that was measured. */
export interface Verdict extends Requirement {
  readonly value: number;
  readonly reached: boolean;
}

/** What may be measured of one workload under one condition; what is missing was not. */
export interface Figures {
  readonly ratio?: Spread | undefined;
  readonly conveyorNs?: Spread | undefined;
  readonly threads?: number | undefined;
  readonly residentBytes?: number | undefined;
  readonly leastShare?: number | undefined;
}

/**
 * Compares medians with limits.
 *
 * Errors: Error when a figure that a requirement is about was not measured: silence would look like success.
 */
export function judge(requirements: readonly Requirement[], figures: Figures): Verdict[] {
  return requirements.map((requirement) => {
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
