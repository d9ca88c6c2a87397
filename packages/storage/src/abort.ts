import { ConveyorError, type ErrorDetails } from '@libconveyor/errors';

/** The error for an aborted signal: ETIMEDOUT for the TimeoutError of `AbortSignal.timeout`, else ECANCELED. */
export function abortError(signal: AbortSignal, details: ErrorDetails): ConveyorError {
  const reason: unknown = signal.reason;
  const timedOut = (reason as { name?: unknown } | null | undefined)?.name === 'TimeoutError';
  return new ConveyorError(timedOut ? 'ETIMEDOUT' : 'ECANCELED', { ...details, cause: reason });
}

/** Throws {@link abortError} when the signal is aborted. Adapters call it between the steps of a long operation. */
export function throwIfAborted(signal: AbortSignal | undefined, details: ErrorDetails): void {
  if (signal?.aborted) throw abortError(signal, details);
}
