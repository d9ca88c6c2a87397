import { coreWorkloads } from './core-workloads.ts';
import { lockWorkloads } from './lock-workloads.ts';
import { nodeDistantReads, nodeDistantWrites } from './node-distant-workloads.ts';
import { nodeReads, nodeWrites } from './node-file-workloads.ts';
import { s3Workloads } from './s3-workloads.ts';
import type { Workload } from './workload.ts';

/** Everything that can be measured, in the order in which it is. */
export const allWorkloads: readonly Workload[] = [
  ...coreWorkloads,
  nodeWrites(),
  nodeReads(),
  nodeDistantWrites(),
  nodeDistantReads(),
  ...lockWorkloads,
  ...s3Workloads(),
];
