import { type ChildProcess, spawn } from 'node:child_process';

/** Sleeps until its standard input ends; a line on it means that all is well. */
const script = `
read -r word && exit 0
stat -f -- "$1" 2>&1 | grep -qiE 'not connected|connection abort' || exit 0
umount -l -- "$1" 2>/dev/null || fusermount3 -u -z -- "$1"
`;

/**
 * Takes a mount out of the tree when the process that serves it has died without doing so, by `kill -9` say: nobody
 * then meets ENOTCONN for ever. It is a shell that reads a pipe whose other end dies with this process.
 */
export class MountGuard {
  readonly #mountPoint: string;
  #shell: ChildProcess | undefined;

  constructor(mountPoint: string) {
    this.#mountPoint = mountPoint;
  }

  /** Begins before there is a mount. A mount that is alive is never touched. */
  watch(): void {
    const args = ['-c', script, 'conveyor-mount-guard', this.#mountPoint];
    // In a session of its own: what a terminal sends to everybody is not for it.
    const env = { PATH: process.env.PATH, LC_ALL: 'C' };
    const shell = spawn('/bin/sh', args, { cwd: '/', env, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    // Without a shell there is no guard; `conveyor doctor --mounts` finds what is left then.
    shell.on('error', () => undefined);
    shell.stdin.on('error', () => undefined);
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
    this.#shell = shell;
  }

  /** There is no mount any more. */
  release(): void {
    this.#shell?.stdin?.end('done\n');
    this.#shell = undefined;
  }
}
