import { InterceptedStorage, MemoryStorage, type Storage } from '@libconveyor/storage';
import type { CaseResult, TimedResult } from '../src/report.ts';
import type { Sample } from '../src/samples.ts';
import type { CaseSettings, Scale, Workload } from '../src/workload.ts';

/** Small enough for a test. */
export const tinyScale: Scale = {
  isFull: true,
  fileBytes: 64 * 1024,
  largeFileBytes: 2 * 1024 ** 2,
  smallPiecesBytes: 16 * 1024,
  distantBytes: 64 * 1024,
  linkBytes: 256 * 1024,
  nodeBytes: 64 * 1024,
  s3Bytes: 1024 * 1024,
  s3Files: 5,
  handles: 50,
  restMs: 0,
};

/** A case of that scale. */
export function settingsFor(condition: string, directory: string | undefined): CaseSettings {
  return { condition, directory, scale: tinyScale, rounds: 2, signal: new AbortController().signal };
}

export function sampleOf(side: string, round: number, ns: number): Sample {
  return { side, round, order: 0, ns, cpuNs: ns, verifiedBytes: 8192, backendOperations: 0 };
}

/** A workload that has measured already. */
export function workloadOf(samples: readonly Sample[], changes: Partial<Workload> = {}): Workload {
  return {
    id: 'write-4k',
    suite: 'core',
    title: 'Sequential 4 KiB writes',
    peer: 'pwrite',
    requirements: [{ measure: 'ratio', bound: 'at least', limit: 1.5 }],
    places: 'none',
    conditions: [{ name: 'fresh', label: 'fresh file' }],
    timeOf: 'operation',
    run: async () => ({ kind: 'timed', bytes: 8192, operationBytes: 4096, samples }),
    ...changes,
  };
}

/** A result of that workload, in memory, with these medians. */
export function resultOf(conveyorNs: number, peerNs: number, changes: Partial<TimedResult> = {}): CaseResult {
  const spread = (median: number) => ({ median, min: median / 2, max: median * 2 });
  const value = peerNs / conveyorNs;
  return {
    kind: 'timed',
    workload: 'write-4k',
    suite: 'core',
    title: 'Sequential 4 KiB writes',
    place: { name: 'memory', directory: '/dev/shm', fileSystem: 'tmpfs' },
    condition: 'fresh',
    loadOneMinute: 0.5,
    verdicts: [{ measure: 'ratio', bound: 'at least', limit: 1.5, value, reached: value >= 1.5 }],
    bytes: 8192,
    operationBytes: 4096,
    sides: [
      { name: 'pwrite', ns: spread(peerNs) },
      { name: 'conveyor', ns: spread(conveyorNs) },
    ],
    ratio: { peer: 'pwrite', pairs: 3, median: value, min: value * 0.9, max: value * 1.1 },
    samples: [sampleOf('conveyor', 1, conveyorNs)],
    ...changes,
  };
}

/** A storage that changes one bit of what passes through `operation`, in the file's third block. */
export function corrupting(operation: 'read' | 'write', inner: Storage = new MemoryStorage()): Storage {
  return new InterceptedStorage(inner, 'corrupting', {
    async around(call, proceed) {
      const at = 2 * 4096 + 1000 - (call.offset ?? 0);
      if (call.operation !== operation || call.buffer === undefined) return proceed();
      const isInside = at >= 0 && at < call.buffer.byteLength;
      if (operation === 'write') {
        const bytes = Buffer.from(call.buffer);
        if (isInside) bytes[at] = (bytes[at] as number) ^ 1;
        return proceed(bytes);
      }
      const result = await proceed();
      if (isInside) call.buffer[at] = (call.buffer[at] as number) ^ 1;
      return result;
    },
  });
}
