import { CoreProgramError, runCoreProgram } from './core-program.ts';
import type { Requirement } from './requirement.ts';
import type { Outcome } from './samples.ts';
import type { CaseSettings, Condition, Scale, Workload } from './workload.ts';

const writeConditions: readonly Condition[] = [
  { name: 'fresh', label: 'fresh' },
  { name: 'overwrite', label: 'overwrite' },
];

/** What is read is summed in one buffer as it comes, or kept in memory as large as the file and compared afterwards. */
const readConditions: readonly Condition[] = [
  { name: 'summed', label: 'summed' },
  { name: 'kept', label: 'kept' },
];

const threadConditions: readonly Condition[] = [
  { name: 'own', label: 'a file each' },
  { name: 'shared', label: 'all share all' },
];

const warmConditions: readonly Condition[] = [{ name: 'warm', label: 'warm' }];

const handleConditions: readonly Condition[] = [
  { name: 'opened', label: 'opened' },
  { name: 'used', label: 'used once' },
];

const atLeast = (limit: number): Requirement[] => [{ measure: 'ratio', bound: 'at least', limit }];
const atMostMs = (limit: number): Requirement[] => [{ measure: 'ms', bound: 'at most', limit }];

const turnoverConditions: readonly Condition[] = [{ name: 'used', label: 'used once, then closed' }];
const streamConditions: readonly Condition[] = [{ name: 'streaming', label: 'streaming' }];

const kib4 = 4096;
const kib64 = 65_536;
const small = 64;
const delayUs = 2000;

/** What differs between the workloads of `core_bench`. */
interface CoreWorkload {
  id: string;
  title: string;
  peer?: string;
  requirements: readonly Requirement[];
  conditions: readonly Condition[];
  places?: Workload['places'];
  timeOf?: Workload['timeOf'];
  /** Its name for `core_bench`, and what else it is told. */
  program: readonly [name: string, ...args: string[]];
  sizes: (scale: Scale) => readonly string[];
}

function coreWorkload(given: CoreWorkload): Workload {
  const { id, title, peer, requirements, conditions, places = 'each', timeOf = 'operation' } = given;
  const run = (settings: CaseSettings): Promise<Outcome> => runCase(given, settings);
  return { id, suite: 'core', title, peer, requirements, conditions, places, timeOf, run };
}

async function runCase(
  { program, sizes }: CoreWorkload,
  { condition, directory, scale, rounds, signal }: CaseSettings,
): Promise<Outcome> {
  const place = directory === undefined ? [] : ['--directory', directory];
  const args = [...program, '--condition', condition, '--rounds', String(rounds), ...place, ...sizes(scale)];
  const { bytes, operationBytes, samples, gauge } = await runCoreProgram(args, signal);
  if (gauge !== undefined) return { kind: 'gauged', gauge };
  if (samples.length === 0) throw new CoreProgramError(`core_bench ${args.join(' ')} has measured nothing`);
  return { kind: 'timed', bytes, operationBytes, samples };
}

/** 256 KiB for each of a tenth of the handles. */
const streamBytes = (scale: Scale): number => (scale.handles / 10) * 256 * 1024;

const files =
  (block: number) =>
  (scale: Scale): string[] => {
    const bytes = block === small ? scale.smallPiecesBytes : scale.fileBytes;
    return ['--bytes', String(bytes), '--block', String(block)];
  };

const inMemory = (): string[] => ['--bytes', String(2 * 1024 ** 2), '--block', String(kib4)];

const distant = (scale: Scale): string[] => {
  return ['--bytes', String(scale.distantBytes), '--block', String(kib4), '--delay-us', String(delayUs)];
};

const linked = (scale: Scale): string[] => {
  const link = ['--delay-us', '20000', '--megabits', '1000'];
  return ['--bytes', String(scale.linkBytes), '--block', String(kib64), ...link];
};

/** The C API beside system calls and stdio: programs of packages/core/bench. */
export const coreWorkloads: readonly Workload[] = [
  coreWorkload({
    id: 'write-4k',
    title: 'Sequential 4 KiB writes, final flush included',
    peer: 'pwrite',
    requirements: atLeast(1.5),
    conditions: writeConditions,
    program: ['pwrite'],
    sizes: files(kib4),
  }),
  coreWorkload({
    id: 'write-large',
    title: 'Sequential 4 KiB writes, final flush included, beside pwrite of 1 MiB at a time',
    peer: 'pwrite-1m',
    requirements: atLeast(0.9),
    conditions: writeConditions,
    program: ['pwrite-large'],
    sizes: (scale) => ['--bytes', String(scale.largeFileBytes), '--block', String(kib4)],
  }),
  coreWorkload({
    id: 'read-4k',
    title: 'Sequential 4 KiB reads',
    peer: 'pread',
    requirements: atLeast(2),
    conditions: readConditions,
    program: ['pread'],
    sizes: files(kib4),
  }),
  coreWorkload({
    id: 'write-64',
    title: 'Sequential 64 B writes, final flush included',
    peer: 'write',
    requirements: atLeast(20),
    conditions: writeConditions,
    program: ['write'],
    sizes: files(small),
  }),
  coreWorkload({
    id: 'read-64',
    title: 'Sequential 64 B reads',
    peer: 'read',
    requirements: atLeast(20),
    conditions: readConditions,
    program: ['read'],
    sizes: files(small),
  }),
  coreWorkload({
    id: 'random-read-4k',
    title: 'Random 4 KiB reads',
    peer: 'pread',
    requirements: atLeast(0.8),
    conditions: readConditions,
    program: ['random-pread'],
    sizes: files(kib4),
  }),
  coreWorkload({
    id: 'threads-4k',
    title: '4 KiB reads and writes of 16 threads on 16 handles, final flush included',
    peer: 'pread+pwrite',
    requirements: atLeast(2),
    conditions: threadConditions,
    program: ['threads'],
    sizes: files(kib4),
  }),
  coreWorkload({
    id: 'accept-4k',
    title: '4 KiB writes into a ring with room, beside memcpy',
    peer: 'memcpy',
    requirements: atLeast(0.6),
    conditions: warmConditions,
    places: 'one',
    program: ['accept'],
    sizes: inMemory,
  }),
  coreWorkload({
    id: 'warm-read-4k',
    title: '4 KiB reads out of the window, beside memcpy',
    peer: 'memcpy',
    requirements: atLeast(0.6),
    conditions: warmConditions,
    places: 'one',
    program: ['warm-pread'],
    sizes: inMemory,
  }),
  coreWorkload({
    id: 'distant-write',
    title: '4 KiB writes, every backend operation 2 ms, flush included',
    peer: 'unbuffered',
    requirements: atMostMs(40),
    conditions: [{ name: 'empty', label: 'empty file' }],
    places: 'none',
    timeOf: 'whole',
    program: ['slow-pwrite'],
    sizes: distant,
  }),
  coreWorkload({
    id: 'distant-read',
    title: '4 KiB reads, every backend operation 2 ms, cold',
    peer: 'unbuffered',
    requirements: atMostMs(40),
    conditions: [{ name: 'cold', label: 'cold' }],
    places: 'none',
    timeOf: 'whole',
    program: ['slow-pread'],
    sizes: distant,
  }),
  coreWorkload({
    id: 'link-write',
    title: '64 KiB writes over 1 Gbit/s, every backend operation 20 ms, flush included; the link alone beside it',
    peer: 'link',
    requirements: atLeast(0.9),
    conditions: [{ name: 'empty', label: 'empty file' }],
    places: 'none',
    timeOf: 'whole',
    program: ['far-pwrite'],
    sizes: linked,
  }),
  coreWorkload({
    id: 'link-read',
    title: '64 KiB reads over 1 Gbit/s, every backend operation 20 ms, cold; the link alone beside it',
    peer: 'link',
    requirements: atLeast(0.9),
    conditions: [{ name: 'cold', label: 'cold' }],
    places: 'none',
    timeOf: 'whole',
    program: ['far-pread'],
    sizes: linked,
  }),
  coreWorkload({
    id: 'single-write',
    title: '4 KiB writes, every backend operation 2 ms, flush included, beside one thread that lands one at a time',
    peer: 'single',
    requirements: atLeast(50),
    conditions: [{ name: 'empty', label: 'empty file' }],
    places: 'none',
    timeOf: 'whole',
    program: ['single-pwrite'],
    sizes: distant,
  }),
  coreWorkload({
    id: 'single-read',
    title: '4 KiB reads, every backend operation 2 ms, cold, beside one thread that reads ahead, 5 MiB at a time',
    peer: 'single',
    requirements: atLeast(2),
    conditions: [{ name: 'cold', label: 'cold' }],
    places: 'none',
    timeOf: 'whole',
    program: ['single-pread'],
    sizes: distant,
  }),
  coreWorkload({
    id: 'idle-handles',
    title: 'Open idle handles',
    requirements: [
      { measure: 'threads', bound: 'at most', limit: 8 },
      { measure: 'residentBytes', bound: 'at most', limit: 50 * 1024 * 1024 },
    ],
    conditions: handleConditions,
    places: 'one',
    program: ['idle-handles'],
    sizes: (scale) => ['--handles', String(scale.handles), '--rest-ms', String(scale.restMs), '--block', String(kib4)],
  }),
  coreWorkload({
    id: 'handle-turnover',
    title: 'Handles opened, used once and closed, one after another: what they leave behind',
    requirements: [{ measure: 'residentBytes', bound: 'at most', limit: 1024 * 1024 }],
    conditions: turnoverConditions,
    places: 'one',
    program: ['turnover'],
    sizes: (scale) => ['--handles', String(10 * scale.handles), '--block', String(kib4)],
  }),
  coreWorkload({
    id: 'streams',
    title: 'Handles that all stream at once, with a memory budget of 64 MiB',
    requirements: [{ measure: 'residentBytes', bound: 'at most', limit: 64 * 1024 * 1024 }],
    conditions: streamConditions,
    places: 'one',
    program: ['streams'],
    sizes: (scale) => [
      '--handles',
      String(scale.handles / 10),
      '--bytes',
      String(streamBytes(scale)),
      '--block',
      String(kib4),
    ],
  }),
];
