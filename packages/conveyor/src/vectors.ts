import type { EngineHandle } from './engine-handle.ts';
import { bytesOf, requireViews } from './transfer-arguments.ts';

type View = NodeJS.ArrayBufferView;

/** One read, spread over the buffers. Errors: TypeError; those of a read. */
export async function readVector(handle: EngineHandle, buffers: unknown, position: number): Promise<number> {
  const views = requireViews(buffers);
  const length = totalSize(views);
  const memory = Buffer.allocUnsafeSlow(length);
  const outcome = handle.native.readOwn(handle.id, memory, 0, length, position);
  const offset = position < 0 ? undefined : position;
  const count =
    outcome >= 0
      ? outcome
      : await handle.finish(outcome, { operation: 'readv', waitsFor: 'bytes', offset, length, memory });
  let done = 0;
  for (const view of views) {
    const part = Math.min(view.byteLength, count - done);
    memory.copy(bytesOf(view), 0, done, done + part);
    done += part;
  }
  return count;
}

/** One write of all buffers. Errors: TypeError; those of a write. */
export async function writeVector(handle: EngineHandle, buffers: unknown, position: number): Promise<number> {
  const views = requireViews(buffers);
  const length = totalSize(views);
  const memory = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  for (const view of views) filled += bytesOf(view).copy(memory, filled);
  handle.changes++;
  const outcome = handle.native.writeOwn(handle.id, memory, 0, length, position);
  if (outcome >= 0) return outcome;
  const offset = position < 0 ? undefined : position;
  return handle.finish(outcome, { operation: 'writev', waitsFor: 'room', offset, length, memory });
}

function totalSize(views: readonly View[]): number {
  return views.reduce((sum, view) => sum + view.byteLength, 0);
}
