import { argumentRangeError, errnoError, requireInteger, requireOptions } from '@libconveyor/errors';
import { connectNative } from './native-session.ts';

/** Limits of the whole process. */
export interface RuntimeOptions {
  /** Threads of the engine's pool, started on demand (6), 1 to 256. */
  workerThreads?: number | undefined;
  /** Bytes of all rings and windows of all handles (256 MiB), at least 1 MiB. */
  memoryBudget?: number | undefined;
}

/** Options of {@link drain}. */
export interface DrainOptions {
  /** Longest wait in milliseconds. Default: until everything has landed. */
  timeoutMs?: number | undefined;
}

/** What a drain left behind; zeros when everything has landed. */
export interface DrainResult {
  /** Handles with accepted bytes that have not landed. */
  readonly handles: number;
  /** Those bytes. */
  readonly bytes: number;
  /** How long ago the oldest of them was accepted, in milliseconds. */
  readonly oldestMs: number;
  /** Why something is left: ETIMEDOUT, or EIO when a handle's error keeps bytes from landing. */
  readonly code?: 'ETIMEDOUT' | 'EIO';
}

const mib = 1024 ** 2;
const timeoutMax = 0x7fffffff;

/**
 * Sets process-wide limits, before the first handle is opened in any thread.
 *
 * Errors: TypeError, RangeError; EBUSY after the first handle.
 */
export function configureRuntime(options: RuntimeOptions): void {
  requireOptions('options', options, ['workerThreads', 'memoryBudget']);
  const { workerThreads, memoryBudget } = options ?? {};
  if (workerThreads !== undefined) requireInteger('options.workerThreads', workerThreads, 1, 256);
  if (memoryBudget !== undefined) requireInteger('options.memoryBudget', memoryBudget, mib);
  if (workerThreads === undefined && memoryBudget === undefined) {
    throw argumentRangeError('options', 'at least one limit', options);
  }
  const result = connectNative().configureRuntime(workerThreads ?? 0, memoryBudget ?? 0);
  if (result < 0) throw errnoError(result, { origin: 'engine', operation: 'configureRuntime' });
}

/**
 * Lands what all handles of the process have accepted, for a clean exit: `process.once('SIGTERM', () => drain(...))`.
 * Handles stay open. Clause: F9.
 *
 * @returns What is left. A drain that ran out of time changes nothing and can be repeated.
 */
export async function drain(options: DrainOptions = {}): Promise<DrainResult> {
  requireOptions('options', options, ['timeoutMs']);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) requireInteger('options.timeoutMs', timeoutMs, 0, timeoutMax);
  const { errno, handles, bytes, oldestMs } = await connectNative().drain(timeoutMs ?? -1);
  if (errno === 0) return { handles, bytes, oldestMs };
  const { code } = errnoError(errno, { origin: 'engine', operation: 'drain' });
  if (code !== 'ETIMEDOUT' && code !== 'EIO') throw errnoError(errno, { origin: 'engine', operation: 'drain' });
  return { handles, bytes, oldestMs, code };
}

/** The engine's version, as the native part reports it. Errors: ERR_CONVEYOR_NATIVE_MISSING. */
export function version(): string {
  return connectNative().version;
}
