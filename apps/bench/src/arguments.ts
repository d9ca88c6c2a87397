import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';
import { type SuiteName, suiteNames, type Workload } from './workload.ts';

const roundsMost = 1000;
const roundsDefault = 11;
const quickRoundsDefault = 3;
const intervalDefault = 30;
const intervalMost = 86_400;

/** What `conveyor-bench` was asked for. */
export interface BenchArguments {
  readonly action: 'run' | 'help' | 'version' | 'list';
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly directory: string | undefined;
  readonly jsonFile: string | undefined;
}

/** What `npm start` was asked for. */
export interface StartArguments {
  readonly action: 'run' | 'help';
  readonly isOnce: boolean;
  readonly intervalS: number;
  readonly directory: string | undefined;
}

export const benchHelp: string = `Usage: conveyor-bench [options]

Measures conveyor beside system calls, stdio and node:fs: on the same machine, in
the same run, in turn and repeated; every byte is verified outside of the clock.

  --suite NAME      core (the C API), node, lock or s3; may be repeated
                    (default: all but s3)
  --workload ID     only this workload; may be repeated; --list names them
  --repeat N        measured rounds of each case, 1 to ${roundsMost}
                    (default: ${roundsDefault}; quick: ${quickRoundsDefault})
  --quick           little data, for a look; nothing is judged
  --dir DIR         directory of the files on disk (default: the first of the
                    system's temporary directories that is not in memory)
  --json FILE       write everything that was measured, each sample included
  --list            name the workloads and what they must reach
  --help, --version

Exit codes: 0 measured; 1 failed, or wrong bytes; 2 wrong arguments.
`;

export const startHelp: string = `Usage: npm start -- [options]

A short bench of conveyor beside system calls, stdio and node:fs, on real files
and on backends that take 2 ms per operation; then a copy of a real tree.

  --once            end after the first time (default: repeat until Ctrl-C)
  --interval S      seconds between one time and the next (default: ${intervalDefault})
  --dir DIR         directory of the copy and of files on disk
  --help
`;

/** Errors: UsageError. @param all The workloads that there are. */
export function parseBenchArguments(args: readonly string[], all: readonly Workload[]): BenchArguments {
  const values = parsed(args, {
    suite: { type: 'string', multiple: true },
    workload: { type: 'string', multiple: true },
    repeat: { type: 'string' },
    quick: { type: 'boolean' },
    dir: { type: 'string' },
    json: { type: 'string' },
    list: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  });
  const isQuick = values.quick ?? false;
  return {
    action: values.help ? 'help' : values.version ? 'version' : values.list ? 'list' : 'run',
    workloads: chosen(all, values.suite?.map(suiteOf), values.workload),
    rounds: wholeNumber('--repeat', values.repeat, roundsMost) ?? (isQuick ? quickRoundsDefault : roundsDefault),
    isQuick,
    directory: notEmpty('--dir', values.dir),
    jsonFile: notEmpty('--json', values.json),
  };
}

/** Errors: UsageError. */
export function parseStartArguments(args: readonly string[]): StartArguments {
  const values = parsed(args, {
    once: { type: 'boolean' },
    interval: { type: 'string' },
    dir: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  return {
    action: values.help ? 'help' : 'run',
    isOnce: values.once ?? false,
    intervalS: wholeNumber('--interval', values.interval, intervalMost) ?? intervalDefault,
    directory: notEmpty('--dir', values.dir),
  };
}

function parsed<T extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UsageError((message.split('\n')[0] ?? message).replace(/\. To specify .*$/, ''));
  }
}

function suiteOf(name: string): SuiteName {
  const found = suiteNames.find((each) => each === name);
  if (found === undefined) throw new UsageError(`--suite ${name}: there are ${suiteNames.join(', ')}`);
  return found;
}

function chosen(
  all: readonly Workload[],
  suites: readonly SuiteName[] | undefined,
  ids: readonly string[] | undefined,
): readonly Workload[] {
  for (const id of ids ?? []) {
    if (!all.some((workload) => workload.id === id)) {
      throw new UsageError(`--workload ${id}: there is none; --list names them`);
    }
  }
  // A link that is as slow as a real one takes minutes: only who asks for it waits for it.
  const isMeant = (suite: SuiteName): boolean => suites?.includes(suite) ?? (ids !== undefined || suite !== 's3');
  const picked = all.filter(({ suite, id }) => isMeant(suite) && (ids?.includes(id) ?? true));
  if (picked.length === 0) throw new UsageError('none of these workloads is in that suite');
  return picked;
}

function wholeNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UsageError(`${name} ${text}: a whole number from 1 to ${most} is needed`);
  return value;
}

function notEmpty(name: string, text: string | undefined): string | undefined {
  if (text === '') throw new UsageError(`${name} needs a name`);
  return text;
}
