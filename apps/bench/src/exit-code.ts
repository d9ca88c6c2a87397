import { constants } from 'node:os';

/** What the programs end with. */
export const exitCode: Readonly<Record<'done' | 'failed' | 'usage', number>> = {
  /** Everything was measured and every byte was right; whether a limit was reached is in the report. */
  done: 0,
  /** Something could not be measured, or bytes were wrong. */
  failed: 1,
  /** The command line makes no sense; nothing was measured. */
  usage: 2,
};

/** The code of a program that ended because of a signal: 130 for SIGINT, 143 for SIGTERM. */
export function codeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
