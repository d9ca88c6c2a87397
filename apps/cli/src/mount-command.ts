import type { Mount, MountOptions, MountRemains } from '@libconveyor/fuse';
import { formatDuration } from './byte-size.ts';
import { exitStatus } from './exit-status.ts';
import { Failure, reasonOf } from './failure.ts';
import { Interruption } from './interruption.ts';
import { startInBackground, tellParent } from './mount-daemon.ts';
import { quoted } from './quoted.ts';
import { complain } from './standard-error.ts';
import { type Place, Storages } from './storages.ts';

/** What the command line says about a mount. */
export interface MountCommandOptions {
  /** Words behind `-o`. */
  readonly words: readonly string[];
  readonly foreground: boolean;
  /** How long the end may take, milliseconds. */
  readonly timeoutMs: number;
  readonly endpoint?: string | undefined;
  /** Gets what the program in the background has to say. */
  readonly log?: string | undefined;
}

/** A request that is older is told, with all that wait. */
const stuckMs = 60_000;

/**
 * `conveyor mount`: in the background unless told otherwise, and then only once the mount is there.
 *
 * @param args The command line, for the program in the background.
 * @returns The exit status; what could not be done was told on standard error.
 */
export async function mount(
  url: string,
  directory: string,
  options: MountCommandOptions,
  args: readonly string[],
): Promise<number> {
  if (!options.foreground) return startInBackground(args, options.log);
  await using storages = new Storages({ endpoint: options.endpoint, mounts: true });
  // Before the mount is there: whoever sees it may end it at once.
  using interruption = new Interruption();
  let mounted: Mount | undefined;
  using _watch = watch(() => mounted);
  try {
    const { parseMountWords } = await import('@libconveyor/fuse');
    mounted = await begin(await storages.locate(url), directory, parseMountWords(options.words));
  } catch (thrown) {
    const message = thrown instanceof Failure ? thrown.message : `cannot mount ${quoted(url)}: ${reasonOf(thrown)}`;
    complain(message);
    tellParent({ error: message });
    const isUsage = thrown instanceof RangeError || thrown instanceof TypeError;
    return isUsage ? exitStatus.usage : exitStatus.failed;
  }
  tellParent({});
  return await serve(mounted, interruption.signal, options.timeoutMs);
}

async function begin({ storage, path }: Place, directory: string, options: MountOptions): Promise<Mount> {
  const { mountDirectory, mountStorage } = await import('@libconveyor/fuse');
  if (storage.scheme === 'file') return mountDirectory(path, directory, options);
  return mountStorage(storage, path, directory, options);
}

/** Stays until the mount ends or a signal ends it. */
async function serve(mounted: Mount, signal: AbortSignal, timeoutMs: number): Promise<number> {
  const asked = new Promise<'asked'>((resolve) => {
    if (signal.aborted) resolve('asked');
    signal.addEventListener('abort', () => resolve('asked'), { once: true });
  });
  const end = await Promise.race([mounted.ended, asked]);
  if (end !== 'asked') {
    if (end.error !== undefined) complain(`the mount at ${quoted(mounted.mountPoint)} ended: ${reasonOf(end.error)}`);
    return end.error === undefined ? exitStatus.done : exitStatus.failed;
  }
  try {
    const left = await mounted.unmount({ timeoutMs });
    const message = describeRemains(left);
    if (message === undefined) return exitStatus.done;
    complain(`${quoted(mounted.mountPoint)} was unmounted, but ${message}`);
  } catch (thrown) {
    complain(`cannot unmount ${quoted(mounted.mountPoint)}: ${reasonOf(thrown)}`);
  }
  return exitStatus.failed;
}

/** What is to be told about an end that was not clean. */
function describeRemains({ bytes, files, oldestMs, isInUse, error }: MountRemains): string | undefined {
  const parts: string[] = [];
  if (bytes > 0) {
    const why = error === undefined ? '' : `: ${reasonOf(error)}`;
    parts.push(`${bytes} bytes of ${files} files did not land in ${formatDuration(oldestMs / 1000)}${why}`);
  }
  if (isInUse) parts.push('files in it are still open');
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Tells who waits for what when a request gets no answer for too long, and on SIGUSR2 what there is to tell. */
function watch(find: () => Mount | undefined): Disposable {
  let told = 0;
  const dump = (): void => {
    for (const { operation, node, process: pid, ageMs } of find()?.report()?.waiting ?? []) {
      complain(`waiting for ${formatDuration(ageMs / 1000)}: ${operation} of node ${node} for process ${pid}`);
    }
  };
  const timer = setInterval(() => {
    const oldest = find()?.report()?.waiting[0]?.ageMs ?? 0;
    // Once for each minute that the oldest has waited.
    const minutes = Math.floor(oldest / stuckMs);
    if (minutes > told) dump();
    told = minutes;
  }, stuckMs / 4);
  timer.unref();
  const onSignal = (): void => {
    const { totals = {} } = find()?.report() ?? {};
    const counts = Object.entries(totals).filter(([, count]) => count > 0);
    complain(`requests so far: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}`);
    dump();
  };
  process.on('SIGUSR2', onSignal);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      process.off('SIGUSR2', onSignal);
    },
  };
}
