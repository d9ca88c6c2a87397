import { type Clock, systemClock } from '@libconveyor/storage';

/** Where the server reads the time and waits. */
export interface EmulatorClock extends Clock {
  /** Milliseconds since 1970: what the catalog is dated with. Default the machine's. */
  epochMs?(): number;
}

/** The clock of the machine. */
export const machineClock: EmulatorClock = { ...systemClock, epochMs: () => Date.now() };
