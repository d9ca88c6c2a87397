import * as v from 'valibot';
import type { Machine } from './machine.ts';
import type { MissingPlace, Place } from './place.ts';
import { measures, type Verdict } from './requirement.ts';
import { type Gauge, gaugeSchema, type Sample, sampleSchema, whole } from './samples.ts';
import type { Spread } from './statistics.ts';
import { type Scale, type SuiteName, suiteNames } from './workload.ts';

/** The document that `--json` writes: every figure with what it takes to doubt or repeat it. */
export interface Report {
  schema: 'conveyor-bench/1';
  startedAt: string;
  durationMs: number;
  machine: Machine;
  parameters: Parameters;
  results: CaseResult[];
}

export interface Parameters {
  workloads: string[];
  /** Measured ones; a warm-up comes before them. */
  rounds: number;
  scale: Scale;
  places: Place[];
  leftOut: MissingPlace[];
}

/** One case: a workload in a place under a condition. */
export type CaseResult = TimedResult | GaugedResult | SharedResult;

interface Case {
  workload: string;
  suite: SuiteName;
  title: string;
  /** null where no files are used. */
  place: Place | null;
  condition: string;
  /** Load of the machine over the last minute when the case began. */
  loadOneMinute: number;
  /** None where the run was too small to judge. */
  verdicts: Verdict[];
}

export interface TimedResult extends Case {
  kind: 'timed';
  bytes: number;
  operationBytes: number;
  /** Of the rounds after the warm-up. */
  sides: { name: string; ns: Spread }[];
  /** How many times as fast conveyor was as the peer, round by round; null where nothing is compared. */
  ratio: ({ peer: string; pairs: number } & Spread) | null;
  samples: Sample[];
  /** Only where there is a link. */
  linkBytesPerSecond?: number | undefined;
}

export interface GaugedResult extends Case {
  kind: 'gauged';
  gauge: Gauge;
}

export interface SharedResult extends Case {
  kind: 'shared';
  /** How often each process had the lock. */
  counts: number[];
}

const figure = v.pipe(v.number(), v.finite(), v.minValue(0));
const spreadEntries = { median: figure, min: figure, max: figure };
const placeNames = v.picklist(['memory', 'disk']);
const placeSchema = v.strictObject({ name: placeNames, directory: v.string(), fileSystem: v.string() });

const verdictSchema = v.strictObject({
  measure: v.picklist(measures),
  bound: v.picklist(['at least', 'at most']),
  limit: figure,
  value: figure,
  reached: v.boolean(),
});

const caseEntries = {
  workload: v.string(),
  suite: v.picklist(suiteNames),
  title: v.string(),
  place: v.nullable(placeSchema),
  condition: v.string(),
  loadOneMinute: figure,
  verdicts: v.array(verdictSchema),
};

const timedSchema = v.strictObject({
  kind: v.literal('timed'),
  ...caseEntries,
  bytes: whole,
  operationBytes: whole,
  sides: v.array(v.strictObject({ name: v.string(), ns: v.strictObject(spreadEntries) })),
  ratio: v.nullable(v.strictObject({ peer: v.string(), pairs: whole, ...spreadEntries })),
  samples: v.pipe(v.array(sampleSchema), v.minLength(1)),
  linkBytesPerSecond: v.optional(figure),
});

const gaugedSchema = v.strictObject({ kind: v.literal('gauged'), ...caseEntries, gauge: gaugeSchema });

const sharedSchema = v.strictObject({
  kind: v.literal('shared'),
  ...caseEntries,
  counts: v.pipe(v.array(whole), v.minLength(1)),
});

const parametersSchema = v.strictObject({
  workloads: v.array(v.string()),
  rounds: whole,
  scale: v.strictObject({
    isFull: v.boolean(),
    fileBytes: whole,
    largeFileBytes: whole,
    smallPiecesBytes: whole,
    distantBytes: whole,
    linkBytes: whole,
    nodeBytes: whole,
    s3Bytes: whole,
    s3Files: whole,
    handles: whole,
    restMs: whole,
  }),
  places: v.array(placeSchema),
  leftOut: v.array(v.strictObject({ name: placeNames, reason: v.string() })),
});

/** Checks a document of this version; what it does not know is refused. */
export const reportSchema: v.GenericSchema<Report> = v.strictObject({
  schema: v.literal('conveyor-bench/1'),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  durationMs: whole,
  machine: v.strictObject({
    cpu: v.string(),
    cpus: whole,
    memoryBytes: whole,
    kernel: v.string(),
    architecture: v.string(),
    node: v.string(),
    revision: v.nullable(v.string()),
  }),
  parameters: parametersSchema,
  results: v.array(v.variant('kind', [timedSchema, gaugedSchema, sharedSchema])),
});
