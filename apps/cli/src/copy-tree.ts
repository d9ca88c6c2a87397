import type { FileStat } from '@libconveyor/storage';
import type { PlannedCopy } from './copy-plan.ts';
import { Failure, notRegular, readFailure } from './failure.ts';
import { PendingDirectory } from './pending-directory.ts';
import type { Place } from './storages.ts';

/** A file to copy, or a link to make. */
export interface TreeTask {
  readonly kind: 'file' | 'link';
  readonly source: Place;
  readonly target: Place;
  /** To be called when the task has ended, however; resolves when directories that waited for it are finished. */
  readonly ended: () => Promise<void>;
}

/** What a walk tells beside its tasks. */
export interface TreeEvents {
  onDirectory(): void;
  onFailure(failure: Failure): void;
}

interface Level {
  readonly source: Place;
  readonly target: Place;
  /** Undefined: not asked for yet. */
  readonly stat: FileStat | undefined;
  readonly parent: PendingDirectory | undefined;
}

/**
 * The tasks of planned copies. Directories are made on the way, each before what it holds. Symbolic links in them are
 * tasks of their own and never followed; what is neither file, directory nor link is a failure.
 *
 * Threads: tasks may run side by side. The walk keeps one open directory per level, and no list of the tree.
 */
export async function* treeTasks(
  copies: readonly PlannedCopy[],
  events: TreeEvents,
  signal: AbortSignal,
): AsyncGenerator<TreeTask, void, void> {
  for (const { source, target, stat } of copies) {
    if (stat.type === 'directory') yield* directoryTasks({ source, target, stat, parent: undefined }, events, signal);
    else yield { kind: 'file', source, target, ended: async () => undefined };
  }
}

async function* directoryTasks(
  level: Level,
  events: TreeEvents,
  signal: AbortSignal,
): AsyncGenerator<TreeTask, void, void> {
  const { source, target, parent } = level;
  let directory: PendingDirectory;
  try {
    const stat = level.stat ?? (await statBelow(source, signal));
    directory = await PendingDirectory.make(target, stat, parent, events.onFailure);
    events.onDirectory();
  } catch (thrown) {
    if (!signal.aborted) events.onFailure(readFailure(source, thrown));
    return;
  }
  try {
    for await (const { name, type } of source.storage.list(source.path, { signal })) {
      const from = source.child(name);
      const to = target.child(name);
      if (type === 'directory') {
        yield* directoryTasks({ source: from, target: to, stat: undefined, parent: directory }, events, signal);
      } else if (type === 'other') {
        events.onFailure(new Failure('ENOTSUP', `${notRegular(from)}; not copied`, from.shown));
      } else {
        directory.enter();
        yield { kind: type === 'symlink' ? 'link' : 'file', source: from, target: to, ended: () => directory.leave() };
      }
    }
  } catch (thrown) {
    if (!signal.aborted) events.onFailure(readFailure(source, thrown));
  } finally {
    await directory.leave();
  }
}

async function statBelow(source: Place, signal: AbortSignal): Promise<FileStat> {
  return source.storage.stat(source.path, { followLinks: false, signal });
}
