import type { JavaScriptBackend } from './javascript-backend.ts';
import { batchMax, type NativeBinding } from './native-binding.ts';
import { loadNative } from './native-loader.ts';

/** Told the result of one pending operation: >= 0, or -errno. */
type Waiter = (result: number) => void;

let connected: NativeBinding | undefined;
const batch = new Float64Array(2 * batchMax);
/** By slot. The memory that an operation uses stays alive with its waiter. */
const waiters: ({ readonly tell: Waiter; readonly memory: Uint8Array | undefined } | undefined)[] = [];
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

/**
 * Lets `tell` know when the operation in a slot is settled, which is never before this turn has ended. It is called
 * once and must not throw.
 *
 * @param memory What the engine reads or fills meanwhile, if it is JavaScript's.
 */
export function awaitSlot(slot: number, tell: Waiter, memory?: Uint8Array): void {
  waiters[slot] = { tell, memory };
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
    waiter?.tell(batch[index + 1] as number);
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
