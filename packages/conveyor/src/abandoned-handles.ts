import type { EngineHandle } from './engine-handle.ts';

const open = new Set<EngineHandle>();
let watchesExit = false;

const registry = new FinalizationRegistry<EngineHandle>((handle) => {
  if (!handle.isOpen) return;
  process.emitWarning(`A conveyor handle of '${handle.path}' was garbage collected without being closed`, {
    type: 'ConveyorWarning',
    code: 'CONVEYOR_HANDLE_ABANDONED',
    detail: 'It is closed now. Close handles yourself: only close() can tell whether all bytes have landed.',
  });
  handle.close().catch((thrown: unknown) => warnOfLoss(handle, thrown));
});

/**
 * Keeps an eye on a handle whose user may forget it: it is closed with a warning when `owner` is garbage collected, and
 * flushed before the process ends by itself. (A process that is made to end flushes what needs no JavaScript for it.)
 */
export function watchHandle(owner: object, handle: EngineHandle): void {
  registry.register(owner, handle, handle);
  open.add(handle);
  if (watchesExit) return;
  watchesExit = true;
  process.on('beforeExit', flushAll);
}

/** The handle has been closed properly. */
export function unwatchHandle(handle: EngineHandle): void {
  registry.unregister(handle);
  open.delete(handle);
}

/** Every flush keeps the event loop alive, after which Node asks again; a handle is asked once for the same changes. */
function flushAll(): void {
  for (const handle of open) {
    if (!handle.mayBeDirty || warned.get(handle) === handle.changes) continue;
    const { changes } = handle;
    handle.flush().catch((thrown: unknown) => {
      warned.set(handle, changes);
      warnOfLoss(handle, thrown);
    });
  }
}

const warned = new WeakMap<EngineHandle, number>();

function warnOfLoss(handle: EngineHandle, thrown: unknown): void {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  process.emitWarning(`Bytes accepted for '${handle.path}' could not be stored: ${reason}`, {
    type: 'ConveyorWarning',
    code: 'CONVEYOR_BYTES_LOST',
  });
}
