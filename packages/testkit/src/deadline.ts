import { setTimeout as delay } from 'node:timers/promises';
import { ConveyorError } from '@libconveyor/errors';

/** How long the waits of this package wait unless told otherwise, in milliseconds. */
export const waitDeadlineMs = 10_000;

/** The error of a wait that did not end in time. `detail` says who waits for whom. */
export function deadlineError(operation: string, detail: string, afterMs: number): ConveyorError {
  return new ConveyorError('ERR_CONVEYOR_DEADLINE', {
    origin: 'testkit',
    operation,
    detail: `${detail}, after ${afterMs} ms`,
  });
}

/**
 * Settles as `promise` does, or rejects when it takes too long.
 *
 * @param what Names the thing that is waited for: it is all that a person will see of a test that hangs.
 * Errors: ConveyorError ERR_CONVEYOR_DEADLINE, with `what`.
 */
export async function withDeadline<T>(
  promise: PromiseLike<T>,
  what: string,
  deadlineMs: number = waitDeadlineMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(deadlineError('wait', what, deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until the answer is neither false nor undefined, and returns it. Only for conditions outside of
 * this process's control (another process, the kernel); everything else has an event to wait for.
 *
 * Errors: ConveyorError ERR_CONVEYOR_DEADLINE with `what`; whatever `condition` throws.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  what: string,
  { deadlineMs = waitDeadlineMs, intervalMs = 10 }: { deadlineMs?: number; intervalMs?: number } = {},
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
    if (performance.now() >= end) throw deadlineError('wait', what, deadlineMs);
    await delay(intervalMs);
  }
}
