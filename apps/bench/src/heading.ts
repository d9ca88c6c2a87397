import type { MissingPlace, Place } from './place.ts';
import { formatBytes } from './units.ts';

/** The machine in a line: figures mean nothing without it. */
export function machineLine(machine: { cpu: string; cpus: number; memoryBytes: number; kernel: string; node: string }) {
  const { cpu, cpus, memoryBytes, kernel, node } = machine;
  return `${cpu}, ${cpus} CPUs, ${formatBytes(memoryBytes)}, ${kernel}, Node ${node}`;
}

/** Where files lie, and what is left out. */
export function placeLines(places: readonly Place[], leftOut: readonly MissingPlace[]): string[] {
  return [
    `files: ${places.map(({ fileSystem, directory }) => `${fileSystem} (${directory})`).join(', ')}`,
    ...leftOut.map(({ name, reason }) => `left out: files in ${name}, because ${reason}`),
  ];
}
