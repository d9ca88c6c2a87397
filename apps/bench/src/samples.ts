import * as v from 'valibot';

/** One side in one round. Round 0 is a warm-up: it is kept, and counts for nothing. */
export interface Sample {
  side: string;
  round: number;
  /** In which order the trials of the case ran, from 0. */
  order: number;
  ns: number;
  /** Processor time of the whole process meanwhile. */
  cpuNs: number;
  /** Bytes that were compared with what they had to be; outside of the clock. */
  verifiedBytes: number;
  /** Operations that the backend was asked for, where the side counts them, else 0. */
  backendOperations: number;
  /** What a server saw of it, where there is one. */
  wire?: Wire | undefined;
}

/** What a server sees of a side. */
export interface Wire {
  /** Of bodies, in both directions. */
  bytes: number;
  /** Requests that were being served at the same moment, at most. */
  inFlightMax: number;
}

/** What open handles cost a process that does nothing with them. */
export interface Gauge {
  handles: number;
  verifiedBytes: number;
  /** Open files behind the handles: fewer than handles where the system's limit is lower. */
  descriptors: number;
  threads: number;
  /** Resident memory above what the process had before the first handle. */
  residentBytes: number;
}

/** Whole numbers from 0. */
export const whole: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const sampleSchema: v.GenericSchema<Sample> = v.strictObject({
  side: v.string(),
  round: whole,
  order: whole,
  ns: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  cpuNs: whole,
  verifiedBytes: whole,
  backendOperations: whole,
  wire: v.optional(v.strictObject({ bytes: whole, inFlightMax: whole })),
});

export const gaugeSchema: v.GenericSchema<Gauge> = v.strictObject({
  handles: whole,
  verifiedBytes: whole,
  descriptors: whole,
  threads: whole,
  residentBytes: whole,
});

/** What was measured of one case. */
export type Outcome = TimedOutcome | GaugedOutcome | SharedOutcome;

export interface TimedOutcome {
  readonly kind: 'timed';
  readonly bytes: number;
  readonly operationBytes: number;
  readonly samples: readonly Sample[];
  /** What the link between the sides and their server carries in one direction, where there is one. */
  readonly linkBytesPerSecond?: number | undefined;
}

export interface GaugedOutcome {
  readonly kind: 'gauged';
  readonly gauge: Gauge;
}

/** How often each of several processes had what all of them wanted. */
export interface SharedOutcome {
  readonly kind: 'shared';
  readonly counts: readonly number[];
}

/** What the one who had least has of the mean: 1 where all are equal. Requires: somebody had something. */
export function leastShare(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Math.min(...counts) / (total / counts.length);
}

/** Bytes that came out are not the bytes that went in: no figure of such a run is worth anything. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}
