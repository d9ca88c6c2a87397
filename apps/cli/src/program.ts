import { readFileSync } from 'node:fs';
import { describeError } from '@libconveyor/errors';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseAge, parseSize, sizeExamples } from './byte-size.ts';
import { capacityMax, capacityMin } from './capacities.ts';
import { type CatOptions, cat } from './cat-command.ts';
import { type CpOptions, cp } from './cp-command.ts';
import { type DoctorOptions, doctor } from './doctor-command.ts';
import { durationExamples, parseDuration } from './duration.ts';
import { exitStatus } from './exit-status.ts';
import { reasonOf } from './failure.ts';
import { catHelp, cpHelp, doctorHelp, irodsLoginHelp, lockHelp, mountHelp, programHelp, topHelp } from './help-text.ts';
import { type IrodsLoginOptions, irodsLogin } from './irods-login-command.ts';
import { type LockCommandOptions, lock } from './lock-command.ts';
import { mount } from './mount-command.ts';
import { surveyMounts } from './mount-survey.ts';
import { complain } from './standard-error.ts';
import { StandardOutput } from './standard-output.ts';
import { type TopOptions, top } from './top-command.ts';

const jobsMax = 64;
const jobsDefault = 8;
const dayS = 86_400;
const unmountTimeoutMs = 30_000;
const intervalMs = { least: 100, most: 3_600_000 } as const;
const endpointText = 'URL of the service that s3: names are at';

/**
 * Runs a command line.
 *
 * @param args Without the names of node and of the program.
 * @returns The exit status. Never rejects; what the user has to know was written to standard error.
 */
export async function run(args: readonly string[]): Promise<number> {
  const output = new StandardOutput();
  let status: number;
  try {
    status = await parseAndRun(args, output);
  } catch (thrown) {
    complain(describeError(thrown));
    status = exitStatus.failed;
  }
  if (output.failure === undefined) return status;
  if (output.isBroken) return exitStatus.brokenPipe;
  complain(`cannot write standard output: ${reasonOf(output.failure)}`);
  return exitStatus.failed;
}

async function parseAndRun(args: readonly string[], output: StandardOutput): Promise<number> {
  let status: number = exitStatus.done;
  const told: string[] = [];
  const program = commandLine(args, output, told, (result) => {
    status = result;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) {
      await output.write(told.join(''));
      return exitStatus.done;
    }
    if (thrown.code === 'commander.help') complain("no command is given; 'conveyor --help' lists them");
    else complain(thrown.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '));
    return exitStatus.usage;
  }
}

/**
 * @param args What is parsed, for a program in the background.
 * @param told Gets what is to be printed when a help or a version was asked for.
 */
function commandLine(
  args: readonly string[],
  output: StandardOutput,
  told: string[],
  finish: (status: number) => void,
): Command {
  const program = new Command('conveyor')
    .description('Moves files through an engine that reads ahead and writes behind.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this page')
    .helpCommand('help [command]', 'print the page of a command')
    .addHelpText('after', programHelp)
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .exitOverride()
    .configureOutput({ writeOut: (text) => told.push(text), writeErr: () => undefined, outputError: () => undefined });

  const copy = program.command('cp').summary('copy files and directories').usage('[options] SRC... DST');
  copy
    .argument('[names...]')
    .helpOption('-h, --help', 'print this page')
    .option('-r, --recursive', 'copy directories with all they hold')
    .addOption(new Option('-R', 'the same as -r').hideHelp())
    .option('-c, --checksum', 'print the SHA-256 of each copy, which has been read back and compared')
    .addOption(new Option('-j, --jobs <n>', 'files copied side by side').argParser(parseJobs).default(jobsDefault))
    .addOption(
      new Option('--write-capacity <size>', 'bound on bytes accepted and not yet written, per file').argParser(
        parseCapacity,
      ),
    )
    .addOption(new Option('--read-capacity <size>', 'bound on bytes read ahead, per file').argParser(parseCapacity))
    .option('--endpoint <url>', endpointText)
    .option('--json', "print a summary with the engine's counters as one JSON object")
    .option('--no-progress', 'no progress bar, which otherwise is on standard error where that is a terminal')
    .addHelpText('after', cpHelp)
    .action(async (names: string[], { R = false, ...options }: Partial<CpOptions> & { R?: boolean }) => {
      const destination = requireNames(copy, names, 2).at(-1) as string;
      const { recursive = R, checksum = false, json = false, progress = true, jobs = jobsDefault } = options;
      const complete: CpOptions = { ...options, recursive, checksum, json, progress, jobs };
      finish(await cp(names.slice(0, -1), destination, complete, output));
    });

  const concatenate = program.command('cat').summary('write files to standard output').usage('[options] SRC...');
  concatenate
    .argument('[names...]')
    .helpOption('-h, --help', 'print this page')
    .addOption(new Option('--read-capacity <size>', 'bound on bytes read ahead').argParser(parseCapacity))
    .option('--endpoint <url>', endpointText)
    .addHelpText('after', catHelp)
    .action(async (names: string[], options: CatOptions) => {
      finish(await cat(requireNames(concatenate, names, 1), options, output));
    });
  addDoctor(program, output, finish);
  addIrods(program, output, finish);
  addLock(program, finish);
  addMount(program, args, finish);
  addTop(program, output, finish);
  return program;
}

function addDoctor(program: Command, output: StandardOutput, finish: (status: number) => void): void {
  const examine = program.command('doctor').summary('find what crashes left behind').usage('[options] URL...');
  examine
    .argument('[names...]')
    .helpOption('-h, --help', 'print this page')
    .option('--mounts', 'list the mounts of this machine instead, and which of them are dead')
    .option('--remove', 'end the uploads, or the dead mounts, that are found; without it nothing is touched')
    .addOption(
      new Option('--older-than <age>', 'only uploads begun so long ago').argParser(parseOlderThan).default('1d'),
    )
    .option('--endpoint <url>', endpointText)
    .option('--json', 'print each find as a JSON object on a line of its own')
    .addHelpText('after', doctorHelp)
    .action(async (names: string[], options: Partial<DoctorOptions> & { mounts?: boolean }) => {
      const { remove = false, json = false, olderThan, mounts = false } = options;
      if (mounts && names.length > 0)
        examine.error(`--mounts concerns this machine; '${names[0]}' makes no sense with it`);
      if (mounts) return finish(await surveyMounts({ remove, json }, output));
      const seconds = typeof olderThan === 'number' ? olderThan : dayS;
      const complete: DoctorOptions = { ...options, remove, json, olderThan: seconds };
      finish(await doctor(requireNames(examine, names, 1), complete, output));
    });
}

function addIrods(program: Command, output: StandardOutput, finish: (status: number) => void): void {
  const irods = program.command('irods').summary('log in to iRODS').helpOption('-h, --help', 'print this page');
  irods
    .command('login')
    .summary('try a password, and keep it as iinit does')
    .usage('[options] [URL]')
    .argument('[url]')
    .helpOption('-h, --help', 'print this page')
    .option('--pam', 'the password is for PAM, and goes to the server, inside of TLS only')
    .addOption(new Option('--ttl <age>', 'how long it lasts, with PAM').argParser(parseOlderThan))
    .addHelpText('after', irodsLoginHelp)
    .action(async (url: string | undefined, options: IrodsLoginOptions) => {
      finish(await irodsLogin(url, options, output));
    });
}

function addLock(program: Command, finish: (status: number) => void): void {
  const locked = program.command('lock').summary('run a command with a lock held');
  locked
    .usage('[options] FILE -- COMMAND...')
    .argument('[words...]')
    .helpOption('-h, --help', 'print this page')
    .option('-s, --shared', 'with others who want it shared')
    .addOption(new Option('-w, --timeout <time>', 'wait no longer than this').argParser(parseTime))
    .option('-n, --nonblock', 'do not wait')
    .addHelpText('after', lockHelp)
    .action(async ([file, ...command]: string[], options: LockCommandOptions) => {
      const page = "'conveyor lock --help' tells more";
      if (file === undefined || file === '') locked.error(`no file is named to lock; ${page}`);
      if (command.length === 0) locked.error(`the command is missing behind '${file}'; ${page}`);
      if (options.nonblock && options.timeout !== undefined) {
        locked.error('--nonblock does not wait, so --timeout makes no sense beside it');
      }
      finish(await lock(file as string, command, options));
    });
}

function addMount(program: Command, args: readonly string[], finish: (status: number) => void): void {
  const mounting = program.command('mount').summary('use a storage as a file system').usage('[options] URL DIR');
  const gather = (text: string, before: readonly string[]): readonly string[] => [...before, text];
  mounting
    .argument('[names...]')
    .helpOption('-h, --help', 'print this page')
    .addOption(
      new Option('-o <options>', 'options of mount, with commas between them').argParser(gather).default([], ''),
    )
    .option('-f, --foreground', 'stay, instead of going on in the background once the mount is there')
    .addOption(
      new Option('--timeout <time>', 'how long the end may take').argParser(parseTime).default(unmountTimeoutMs, '30s'),
    )
    .option('--log <file>', 'gets the messages of the program in the background')
    .option('--endpoint <url>', endpointText)
    .addHelpText('after', mountHelp)
    .action(async (names: string[], options: MountWords) => {
      const { o, foreground = false, timeout, endpoint, log } = options;
      const [url, directory, ...more] = requireNames(mounting, names, 2);
      if (more.length > 0) mounting.error(`one storage goes to one directory; '${more[0]}' is too much`);
      const complete = { words: o, foreground, timeoutMs: timeout, endpoint, log };
      // Before the first word behind the command's name, for which `mount` itself stands.
      const own = args.slice(args.indexOf('mount') + 1);
      finish(await mount(url as string, directory as string, complete, own));
    });
}

function addTop(program: Command, output: StandardOutput, finish: (status: number) => void): void {
  program
    .command('top')
    .summary('watch programs that use conveyor')
    .usage('[options]')
    .helpOption('-h, --help', 'print this page')
    .option('--once', 'print what they have done until now, and end')
    .addOption(
      new Option('--interval <time>', 'between one look and the next').argParser(parseInterval).default(1000, '1s'),
    )
    .option('--directory <dir>', 'where their sockets are')
    .option('--json', 'print each program as a JSON object on a line of its own')
    .addHelpText('after', topHelp)
    .action(async (options: Partial<TopOptions> & { interval: number }) => {
      const { once = false, json = false, interval: intervalMs, directory } = options;
      finish(await top({ once, json, intervalMs, directory }, output));
    });
}

interface MountWords {
  readonly o: readonly string[];
  readonly foreground?: boolean;
  readonly timeout: number;
  readonly endpoint?: string;
  readonly log?: string;
}

function parseTime(text: string): number {
  const time = parseDuration(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError(`Times look like ${durationExamples}.`);
}

function parseInterval(text: string): number {
  const time = parseTime(text);
  if (time >= intervalMs.least && time <= intervalMs.most) return time;
  throw new InvalidArgumentError('It must be from 100ms to 1h.');
}

/** Errors: CommanderError when there are too few, or one that means something else to everybody. */
function requireNames(command: Command, names: string[], least: number): string[] {
  const page = `'conveyor ${command.name()} --help' tells more`;
  if (names.length === 0) command.error(`nothing is named to ${command.name()}; ${page}`);
  if (names.length < least) command.error(`the destination is missing behind '${names[0]}'; ${page}`);
  if (names.includes('-')) command.error("'-' is not supported; './-' is a file of that name");
  return names;
}

function parseJobs(text: string): number {
  const jobs = /^\d+$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= jobsMax) return jobs;
  throw new InvalidArgumentError(`It must be a number from 1 to ${jobsMax}.`);
}

function parseOlderThan(text: string): number {
  const seconds = parseAge(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError('Ages look like 90s, 30m, 12h or 7d.');
}

function parseCapacity(text: string): number {
  const size = parseSize(text);
  if (size === undefined) throw new InvalidArgumentError(`Sizes look like ${sizeExamples}.`);
  if (size >= capacityMin && size <= capacityMax) return size;
  throw new InvalidArgumentError('It must be from 4KiB to 128MiB.');
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
