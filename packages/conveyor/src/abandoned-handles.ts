import { writeSync } from 'node:fs';
import { describeError } from '@libconveyor/errors';
import { eventLog } from '@libconveyor/observability';
import type { EngineHandle } from './engine-handle.ts';

const open = new Set<EngineHandle>();
/** What was lost and told already: a handle, and its number of changes then. */
const told = new WeakMap<EngineHandle, number>();
let watchesExit = false;

const registry = new FinalizationRegistry<EngineHandle>((handle) => {
  if (!handle.isOpen) return;
  process.emitWarning(`A conveyor handle of '${handle.path}' was garbage collected without being closed`, {
    type: 'ConveyorWarning',
    code: 'CONVEYOR_HANDLE_ABANDONED',
    detail: 'It is closed now. Close handles yourself: only close() can tell whether all bytes have landed.',
  });
  eventLog.record('warn', 'abandon', { path: handle.path });
  handle.close().catch((thrown: unknown) => warnOfLoss(handle, thrown));
});

/**
 * Keeps an eye on a handle whose user may forget it. It is closed with a warning when `owner` is garbage collected;
 * what it has accepted is landed before the process ends, as far as that is possible, and otherwise the loss is told.
 */
export function watchHandle(owner: object, handle: EngineHandle): void {
  registry.register(owner, handle, handle);
  open.add(handle);
  if (watchesExit) return;
  watchesExit = true;
  process.on('beforeExit', flushAll);
  process.on('exit', flushAtExit);
}

/** The handle has been closed properly. */
export function unwatchHandle(handle: EngineHandle): void {
  registry.unregister(handle);
  open.delete(handle);
}

/** Every flush keeps the event loop alive, after which Node asks again; a handle is asked once for the same changes. */
function flushAll(): void {
  for (const handle of open) {
    if (!handle.mayBeDirty || told.get(handle) === handle.changes) continue;
    handle.flush().catch((thrown: unknown) => warnOfLoss(handle, thrown));
  }
}

/** process.exit: no promise is settled any more, and no warning printed. */
function flushAtExit(): void {
  for (const handle of open) {
    if (!handle.mayBeDirty || told.get(handle) === handle.changes) continue;
    const failure = handle.flushAtExit();
    if (failure !== undefined) tell(`conveyor: ${lossOf(handle, failure)}\n`);
  }
}

function warnOfLoss(handle: EngineHandle, thrown: unknown): void {
  told.set(handle, handle.changes);
  eventLog.record('error', 'error', { path: handle.path, detail: lossOf(handle, thrown) });
  process.emitWarning(lossOf(handle, thrown), { type: 'ConveyorWarning', code: 'CONVEYOR_BYTES_LOST' });
}

function lossOf(handle: EngineHandle, thrown: unknown): string {
  return `bytes accepted for '${handle.path}' could not be stored: ${describeError(thrown)}`;
}

function tell(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Standard error is closed: there is nobody left to tell.
  }
}
