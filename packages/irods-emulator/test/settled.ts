import { vi } from 'vitest';

/** Waits until a check passes that depends on a connection's end. */
export function settled(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 5 });
}
