import type { Requirement } from './requirement.ts';
import type { Outcome } from './samples.ts';

export const suiteNames = ['core', 'node', 'lock', 's3'] as const;
export type SuiteName = (typeof suiteNames)[number];

/** How much work a run does. Sizes are bytes. */
export interface Scale {
  /** Verdicts belong to the full scale: with less work, fixed costs count for more. */
  readonly isFull: boolean;
  /** Of files that are moved in pieces of 4 KiB. */
  readonly fileBytes: number;
  /** Of files as large as what buffers are for. */
  readonly largeFileBytes: number;
  /** Of files that are moved in pieces of 64 B. */
  readonly smallPiecesBytes: number;
  /** Of files behind a slow backend. */
  readonly distantBytes: number;
  /** Of files behind a slow backend and a link of limited speed. */
  readonly linkBytes: number;
  /** Of files that are moved by JavaScript. */
  readonly nodeBytes: number;
  /** Of objects in a bucket. */
  readonly s3Bytes: number;
  /** Small files that go into a bucket. */
  readonly s3Files: number;
  readonly handles: number;
  /** How long handles rest before they count as idle. */
  readonly restMs: number;
}

const mib = 1024 * 1024;

export const fullScale: Scale = {
  isFull: true,
  fileBytes: 64 * mib,
  largeFileBytes: 1024 * mib,
  smallPiecesBytes: 32 * mib,
  distantBytes: 10 * mib,
  linkBytes: 100 * mib,
  nodeBytes: 32 * mib,
  s3Bytes: 512 * mib,
  s3Files: 500,
  handles: 10_000,
  restMs: 3000,
};

export const quickScale: Scale = {
  isFull: false,
  fileBytes: 4 * mib,
  largeFileBytes: 16 * mib,
  smallPiecesBytes: mib,
  distantBytes: mib / 2,
  linkBytes: mib,
  nodeBytes: mib,
  s3Bytes: 16 * mib,
  s3Files: 50,
  handles: 500,
  restMs: 0,
};

/** The room that one case needs in a place, with some to spare. */
export const placeBytes = (scale: Scale): number =>
  Math.max(scale.largeFileBytes, scale.smallPiecesBytes, scale.nodeBytes, scale.handles * 26_624) + 16 * mib;

/** A condition under which a workload runs. */
export interface Condition {
  /** What `core_bench` and the report call it. */
  readonly name: string;
  /** What a table calls it: `overwrite`. */
  readonly label: string;
}

/** What a case is run with. */
export interface CaseSettings {
  readonly condition: string;
  /** An empty directory in the place; undefined for workloads without files. */
  readonly directory: string | undefined;
  readonly scale: Scale;
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** Work that several sides do beside each other. */
export interface Workload {
  /** `write-4k`: what `--workload` takes. */
  readonly id: string;
  readonly suite: SuiteName;
  readonly title: string;
  /** The side that ratios are against; undefined where nothing is compared. */
  readonly peer: string | undefined;
  /** Sides of which the fastest is a peer, too. */
  readonly rivals?: readonly string[] | undefined;
  readonly requirements: readonly Requirement[];
  /** Where it runs: once in each place, in one, or without files. */
  readonly places: 'each' | 'one' | 'none';
  readonly conditions: readonly Condition[];
  /** How a table states times: of one operation, or of the whole. */
  readonly timeOf: 'operation' | 'whole';
  /** Errors: VerificationError when bytes are wrong; the signal's reason. */
  run(settings: CaseSettings): Promise<Outcome>;
}
