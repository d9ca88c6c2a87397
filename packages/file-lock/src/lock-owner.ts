import { AsyncLocalStorage } from 'node:async_hooks';
import { nativeBinding } from './native-loader.ts';

/**
 * Who holds several locks: an owner that asks for what it holds already would wait for itself, and gets EDEADLK, or
 * the lock once more with `reentrant`. Without one, every `acquire` is an owner of its own, but for what the
 * `withLock` around it holds. Clause: L4.
 */
export class LockOwner {
  /** Of the process, all threads together. */
  readonly id: number = nativeBinding().makeOwner();
}

const context = new AsyncLocalStorage<readonly number[]>();

/** The owners of the `withLock` calls that the running code is inside of, outermost first. */
export function enclosingOwners(): readonly number[] | undefined {
  return context.getStore();
}

/** Runs `body` inside of one owner more. */
export function runInside<T>(owner: number, body: () => T): T {
  return context.run([...(context.getStore() ?? []), owner], body);
}
