import { setMaxListeners } from 'node:events';
import { describeError } from '@libconveyor/errors';
import { type CopiedFile, type CopySettings, copyFile } from './copy-file.ts';
import { copyLink } from './copy-link.ts';
import type { PlannedCopy } from './copy-plan.ts';
import { type TreeTask, treeTasks } from './copy-tree.ts';
import type { EngineTotals } from './engine-totals.ts';
import { Failure } from './failure.ts';
import { Buffers } from './pipeline.ts';
import type { Place } from './storages.ts';

/** What a run tells while it goes on. */
export interface CopyEvents {
  onDirectory(): void;
  onLink(): void;
  /** The worker waits for it. */
  onFile(source: Place, target: Place, copied: CopiedFile): Promise<void>;
  /** Bytes that a destination has accepted. */
  onBytes(count: number): void;
  onFailure(failure: Failure): void;
}

/** How a run is carried out. */
export interface CopyRunOptions {
  readonly settings: CopySettings;
  /** Files that are copied side by side. */
  readonly jobs: number;
  readonly totals: EngineTotals;
  readonly signal: AbortSignal;
}

/** Failures behind which every further file would fail as well. */
const hopeless: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ERR_CONVEYOR_NATIVE_MISSING']);

/**
 * Carries planned copies out. What fails is told, and the others go on, except behind a full or read-only destination.
 *
 * @returns Whether it came to the end of its plan, with or without failures. False after the signal or a stop.
 */
export async function runCopies(
  copies: readonly PlannedCopy[],
  options: CopyRunOptions,
  events: CopyEvents,
): Promise<boolean> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Every operation in flight listens, and there are as many as there are workers: no leak.
  setMaxListeners(0, signal);
  const onFailure = (failure: Failure): void => {
    const isHopeless = hopeless.has(failure.code);
    // The workers beside the first one meet the same; it is told once.
    if (isHopeless && stop.signal.aborted) return;
    events.onFailure(failure);
    if (isHopeless) stop.abort();
  };
  const tasks = treeTasks(copies, { onDirectory: events.onDirectory, onFailure }, signal);
  const work = async (): Promise<void> => {
    const buffers = new Buffers();
    // A generator lets one after the other in: no more tasks are found than there are workers to do them.
    for await (const task of shared(tasks)) {
      try {
        if (signal.aborted) return;
        await perform(task, buffers, { ...options, signal }, events);
      } catch (thrown) {
        const failure = failureOf(thrown);
        if (!signal.aborted || failure.code !== 'ECANCELED') onFailure(failure);
      } finally {
        await task.ended();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, work));
  } finally {
    await tasks.return();
  }
  return !signal.aborted;
}

async function perform(
  { kind, source, target }: TreeTask,
  buffers: Buffers,
  { settings, totals, signal }: CopyRunOptions,
  events: CopyEvents,
): Promise<void> {
  if (kind === 'link') {
    await copyLink(source, target);
    events.onLink();
    return;
  }
  const tools = { settings, buffers, totals, signal, onBytes: events.onBytes };
  await events.onFile(source, target, await copyFile(source, target, tools));
}

/** The same generator for several consumers: one that leaves does not end it for the others. */
function shared<T>(generator: AsyncGenerator<T, void, void>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => generator.next() }) };
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown };
  if (name === 'AbortError') return new Failure('ECANCELED', 'interrupted', undefined, thrown);
  return new Failure(typeof code === 'string' ? code : 'EIO', describeError(thrown), undefined, thrown);
}
