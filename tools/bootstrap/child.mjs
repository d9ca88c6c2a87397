import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * @typedef {object} Outcome
 * @property {number} code Exit code; 128 + signal number when a signal ended the child, 127 when it could not start.
 * @property {string} output Standard output and error in the order they came; empty unless captured.
 */

/** The signals that end this program; a child that runs in the foreground decides about them itself. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end, without a shell: arguments may hold spaces and quotes.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.capture] Collects the output instead of passing it through.
 * @param {'inherit' | 'ignore'} [options.stdin]
 * @param {number} [options.deadlineMs] Kills the child (SIGKILL) when it runs longer, and says so in `output`.
 * @returns {Promise<Outcome>} Never rejects: a program that cannot be started has code 127 and says why in `output`.
 */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, capture = false, stdin = capture ? 'ignore' : 'inherit', deadlineMs = 0 } = options;
  return new Promise((resolve) => {
    const sink = capture ? 'pipe' : 'inherit';
    const child = spawn(command, args, { cwd, env, stdio: [stdin, sink, sink] });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));

    // The terminal sends Ctrl-C to the child as well; SIGTERM comes to us alone and is handed on.
    const forward = (signal) => signal === 'SIGINT' || child.kill(signal);
    for (const signal of endings) process.on(signal, forward);

    let late = '';
    const expire = () => {
      late = `${command}: killed after ${deadlineMs / 1000} s\n`;
      child.kill('SIGKILL');
    };
    const timer = deadlineMs > 0 ? setTimeout(expire, deadlineMs) : undefined;

    const finish = (code, note = late) => {
      clearTimeout(timer);
      for (const signal of endings) process.off(signal, forward);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') + note });
    };
    child.on('error', (error) => finish(127, `${command}: ${error.message}\n`));
    child.on('close', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}
