/** What a wait asks of the world besides the lock: time and chance. */
export interface WaitClock {
  /** Milliseconds that never go back. */
  nowMs(): number;
  /** Calls `action` once, later; the function that is returned takes it back. */
  after(delayMs: number, action: () => void): () => void;
  /** In [0, 1). */
  chance(): number;
}

/** Timers of the event loop. A wait keeps the process alive. */
export const systemClock: WaitClock = {
  nowMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
  chance: Math.random,
};
