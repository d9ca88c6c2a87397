import type { JavaScriptBackend } from './javascript-backend.ts';
import { batchMax, type NativeBinding, pendingBase } from './native-binding.ts';
import { loadNative } from './native-loader.ts';

/** Told the result of one pending operation: >= 0, or -errno. */
type Waiter = (result: number) => void;

let connected: NativeBinding | undefined;
const batch = new Float64Array(2 * batchMax);
/** By slot. What a waiter's closure holds stays alive until its operation is settled: the buffer above all. */
const waiters: (Waiter | undefined)[] = [];
const backends = new Map<number, JavaScriptBackend>();

/**
 * The addon, loaded and connected to this thread on first use.
 *
 * Errors: as `loadNative`.
 */
export function connectNative(): NativeBinding {
  if (connected === undefined) {
    const native = loadNative();
    native.attach(settle, dispatch, batch);
    connected = native;
  }
  return connected;
}

/** The slot in what a call of the addon returned, or undefined when the operation is over. */
export function pendingSlot(outcome: number): number | undefined {
  return outcome <= pendingBase ? pendingBase - outcome : undefined;
}

/** Lets `waiter` know when the operation is settled. It is called once, on a clean stack, and must not throw. */
export function awaitSlot(slot: number, waiter: Waiter): void {
  waiters[slot] = waiter;
}

/** Sends the engine's requests for a handle to a backend, until `disconnectBackend`. */
export function connectBackend(handle: number, backend: JavaScriptBackend): void {
  backends.set(handle, backend);
}

export function disconnectBackend(handle: number): void {
  backends.delete(handle);
}

function settle(count: number): void {
  for (let index = 0; index < 2 * count; index += 2) {
    const slot = batch[index] as number;
    const waiter = waiters[slot];
    waiters[slot] = undefined;
    waiter?.(batch[index + 1] as number);
  }
}

function dispatch(
  handle: number,
  io: number,
  kind: number,
  buffer: Uint8Array | undefined,
  offset: number,
  count: number,
  dataOnly: boolean,
): void {
  backends.get(handle)?.accept(io, { kind, buffer, offset, count, dataOnly });
}
