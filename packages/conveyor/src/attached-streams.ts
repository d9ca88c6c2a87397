import type { ConveyorFileHandle } from './file-handle.ts';

/** A stream over a handle, as far as the handle is concerned. */
interface Destroyable {
  destroy(): unknown;
}

const streams = new WeakMap<ConveyorFileHandle, Set<Destroyable>>();

/** From now on the stream is destroyed when its handle is closed. */
export function attachStream(handle: ConveyorFileHandle, stream: Destroyable): void {
  const attached = streams.get(handle) ?? new Set();
  streams.set(handle, attached.add(stream));
}

export function detachStream(handle: ConveyorFileHandle, stream: Destroyable): void {
  streams.get(handle)?.delete(stream);
}

/** Destroys every stream of a handle; a stream that closes its handle finds it closing already. */
export function destroyStreams(handle: ConveyorFileHandle): void {
  for (const stream of streams.get(handle) ?? []) stream.destroy();
}
