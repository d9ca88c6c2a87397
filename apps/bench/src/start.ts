import { parseStartArguments, startHelp } from './arguments.ts';
import { exitCode } from './exit-code.ts';
import { InterruptionError } from './interruption.ts';
import { runProgram } from './program-end.ts';

const isCtrlC = (reason: unknown): boolean => reason instanceof InterruptionError && reason.signalName === 'SIGINT';

process.exitCode = await runProgram('npm start', async (signal) => {
  const { action, isOnce, intervalS, directory } = parseStartArguments(process.argv.slice(2));
  if (action === 'help') {
    process.stdout.write(startHelp);
    return exitCode.done;
  }
  const repetition = isOnce ? 'once' : `every ${intervalS} s until Ctrl-C`;
  process.stdout.write(`conveyor: a short bench, then a copy of real files; ${repetition}\n`);
  // Only now: the first line does not wait for the engine to be loaded.
  const { Demonstration } = await import('./demonstration.ts');
  const demonstration = new Demonstration({ directory, signal });
  try {
    for (;;) {
      await demonstration.run();
      if (isOnce) return exitCode.done;
      await demonstration.pause(intervalS * 1000);
    }
  } catch (thrown) {
    // Without --once, Ctrl-C is how it is meant to end.
    if (!isOnce && isCtrlC(signal.reason)) return exitCode.done;
    throw thrown;
  }
});
