/** The lock between processes, threads and owners of one machine. */
export { FileLock, flockProvider } from './file-lock.ts';
export { LockError } from './lock-error.ts';
export { LockOwner } from './lock-owner.ts';
export type { HeldLock, LockHolder, LockMode, LockOptions, LockProvider, WaitOptions } from './lock-provider.ts';
