import { BackOff } from './back-off.ts';
import type { WaitClock } from './wait-clock.ts';

/** What an attempt that met somebody says about the next one. */
export interface Refusal {
  readonly isNext: boolean;
  readonly isPolite: boolean;
}

/** What is waited for. */
export interface Awaited<T> {
  /** The paths' name: a release in this thread wakes who waits for the same. */
  readonly path: string;
  readonly minMs: number;
  readonly maxMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** One attempt: the lock, or why not. Errors: whatever ends the wait. */
  attempt(): { readonly got: T } | { readonly refused: Refusal };
  /** Gives up, and says with what error. */
  giveUp(reason: 'timeout' | 'signal'): Error;
}

/** Who waits in this thread, by path, first come first. */
const sleepers = new Map<string, Set<() => void>>();

/** Wakes who has waited longest for a path in this thread. */
export function wakeOne(path: string): void {
  const [first] = sleepers.get(path) ?? [];
  first?.();
}

/**
 * Attempts and pauses until there is an answer: with timers, never with a thread. The limit counts from the call, not
 * from attempt to attempt.
 *
 * @param refused The answer of an attempt that was made already.
 */
export async function waitForLock<T>(awaited: Awaited<T>, refused: Refusal, clock: WaitClock): Promise<T> {
  const { path, minMs, maxMs, timeoutMs, signal } = awaited;
  const endMs = clock.nowMs() + timeoutMs;
  const backOff = new BackOff(minMs, maxMs);
  let refusal = refused;
  for (;;) {
    if (signal?.aborted) throw awaited.giveUp('signal');
    const leftMs = endMs - clock.nowMs();
    if (leftMs <= 0) throw awaited.giveUp('timeout');
    const chance = clock.chance();
    const pauseMs = refusal.isPolite ? backOff.politeMs(chance) : backOff.pauseMs(refusal.isNext, chance);
    await pause(path, Math.min(pauseMs, leftMs), signal, clock);
    if (signal?.aborted) throw awaited.giveUp('signal');
    const answer = awaited.attempt();
    if ('got' in answer) return answer.got;
    refusal = answer.refused;
  }
}

function pause(path: string, delayMs: number, signal: AbortSignal | undefined, clock: WaitClock): Promise<void> {
  return new Promise((resolve) => {
    const all = sleepers.get(path) ?? new Set();
    sleepers.set(path, all);
    const wake = (): void => {
      cancelTimer();
      signal?.removeEventListener('abort', wake);
      all.delete(wake);
      if (all.size === 0 && sleepers.get(path) === all) sleepers.delete(path);
      resolve();
    };
    const cancelTimer = clock.after(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
    all.add(wake);
  });
}
