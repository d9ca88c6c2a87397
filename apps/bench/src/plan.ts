import type { BenchPlan } from './bench.ts';
import { requireCoreProgram } from './core-program.ts';
import { requireLockProgram } from './lock-contenders.ts';
import { diskPlace, type MissingPlace, memoryPlace, type Place } from './place.ts';
import { placeBytes, type Scale, type Workload } from './workload.ts';

/** What a plan is made of. */
export interface PlanRequest {
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly scale: Scale;
  readonly directory: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds the places of a run: memory and disk. Memory is left out, with the reason, where the machine has none.
 *
 * Errors: PlaceError when the disk place cannot be used; CoreProgramError when a workload needs what is not built.
 */
export async function planBench({ workloads, rounds, scale, directory, signal }: PlanRequest): Promise<BenchPlan> {
  if (workloads.some(({ suite }) => suite === 'core')) requireCoreProgram();
  if (workloads.some(({ suite }) => suite === 'lock')) requireLockProgram();
  const bytes = placeBytes(scale);
  const memory = await memoryPlace(bytes);
  const disk = await diskPlace(directory, bytes);
  const isThere = (place: Place | MissingPlace): place is Place => 'directory' in place;
  const leftOut = isThere(memory) ? [] : [memory];
  return { workloads, places: [memory, disk].filter(isThere), leftOut, rounds, scale, signal };
}
