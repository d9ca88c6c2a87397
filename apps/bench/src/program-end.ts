import { describeError } from '@libconveyor/errors';
import { CoreProgramError } from './core-program.ts';
import { codeOfSignal, exitCode } from './exit-code.ts';
import { Interruption } from './interruption.ts';
import { PlaceError } from './place.ts';
import { VerificationError } from './samples.ts';
import { UsageError } from './usage-error.ts';

/**
 * Runs a program and turns its end into an exit code. What the user has to know goes to standard error in one line.
 *
 * @param main Gets the signal that Ctrl-C aborts.
 */
export async function runProgram(name: string, main: (signal: AbortSignal) => Promise<number>): Promise<number> {
  using interruption = new Interruption();
  try {
    return await main(interruption.signal);
  } catch (thrown) {
    if (interruption.received !== undefined) return codeOfSignal(interruption.received);
    process.stderr.write(`${name}: ${lineOf(thrown)}\n`);
    const isUsage = thrown instanceof UsageError || thrown instanceof PlaceError;
    return isUsage ? exitCode.usage : exitCode.failed;
  }
}

function lineOf(thrown: unknown): string {
  if (thrown instanceof VerificationError) return `the bytes are not right, no figure counts: ${thrown.message}`;
  const isOurs = [UsageError, PlaceError, CoreProgramError].some((kind) => thrown instanceof kind);
  return isOurs ? (thrown as Error).message : describeError(thrown);
}
