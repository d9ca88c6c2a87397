import { type Clock, systemClock } from '@libconveyor/storage';

/** Where the server reads the time and waits. */
export interface MockClock extends Clock {
  /** Milliseconds since 1970: what signatures and objects are dated with. Default the machine's. */
  epochMs?(): number;
}

/** The clock of the machine. */
export const machineClock: MockClock = { ...systemClock, epochMs: () => Date.now() };
