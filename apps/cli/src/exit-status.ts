import { constants } from 'node:os';

const sigpipe: number = constants.signals.SIGPIPE;

/** What the program ends with; `conveyor cp --help` shows the same table. */
export const exitStatus: Readonly<
  Record<'done' | 'failed' | 'usage' | 'notLocked' | 'commandRefused' | 'commandMissing' | 'brokenPipe', number>
> = {
  /** Everything was done. */
  done: 0,
  /** Something could not be copied or written; each failure was told in one line. */
  failed: 1,
  /** The command line makes no sense; nothing was done. */
  usage: 2,
  /** Somebody else has the lock: EX_TEMPFAIL of sysexits(3). */
  notLocked: 75,
  /** `conveyor lock`: the command is there and cannot be run, as shells have it. */
  commandRefused: 126,
  /** `conveyor lock`: there is no such command. */
  commandMissing: 127,
  /** Nobody reads standard output any more: what a program ended by SIGPIPE gives a shell. */
  brokenPipe: 128 + sigpipe,
};

/** The status of a program that ended because of a signal: 130 for SIGINT, 143 for SIGTERM. */
export function statusOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
