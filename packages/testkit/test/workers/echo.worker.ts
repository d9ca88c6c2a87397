// Sends back what it gets; `throw` and `exit` make it fail in the two ways a worker can.
import { parentPort, threadId } from 'node:worker_threads';

enum Command {
  Throw = 'throw',
  Exit = 'exit',
  Close = 'close',
}

parentPort?.on('message', (message: unknown) => {
  if (message === Command.Throw) throw new Error('planted');
  if (message === Command.Exit) process.exit(3);
  if (message === Command.Close) parentPort?.close();
  else parentPort?.postMessage({ message, threadId, url: import.meta.url });
});
