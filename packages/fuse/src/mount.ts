import { execFile } from 'node:child_process';
import { lstat, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ConveyorError, errnoError, systemError } from '@libconveyor/errors';
import { MountGuard } from './mount-guard.ts';
import type { NativeBinding, NativeListener, NativeReport } from './native-binding.ts';

/** How a mount ended. */
export interface MountEnd {
  /** Why it ended by itself; undefined when it was unmounted. */
  readonly error?: ConveyorError | undefined;
}

/** What could not be done before a mount ended. Nothing of it is lost silently: whoever unmounts is told. */
export interface MountRemains {
  /** Files with bytes that were accepted and have not landed. */
  readonly files: number;
  readonly bytes: number;
  /** How long ago the oldest of those bytes were accepted, milliseconds. */
  readonly oldestMs: number;
  /** Whether files were still open when the time was up. */
  readonly isInUse: boolean;
  /** Why bytes could not land, where that is known. */
  readonly error?: ConveyorError | undefined;
}

export interface UnmountOptions {
  /** For how long bytes may land and files stay open, milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
}

const origin = 'fuse';
const unmountTimeoutMs = 30_000;
/** How much the kernel reads ahead; its own default is an eighth of that, which is one request at a time. */
const readAheadKiB = 1024;
const run = promisify(execFile);

/**
 * A mounted file system, served by threads of this process until it is unmounted: by `unmount`, by `umount` and
 * `fusermount3 -u`, or with the process.
 */
export class Mount implements AsyncDisposable {
  readonly mountPoint: string;
  /** Resolves when nothing of the mount is left in this process. Never rejects. */
  readonly ended: Promise<MountEnd>;
  readonly #native: NativeBinding;
  readonly #number: number;
  readonly #guard: MountGuard;
  #isOver = false;
  #unmounting: Promise<MountRemains> | undefined;

  private constructor(
    native: NativeBinding,
    number: number,
    mountPoint: string,
    ended: Promise<MountEnd>,
    guard: MountGuard,
  ) {
    this.#native = native;
    this.#number = number;
    this.mountPoint = mountPoint;
    this.#guard = guard;
    this.ended = ended.then((end) => {
      this.#isOver = true;
      this.#guard.release();
      return end;
    });
  }

  /**
   * Mounts what `start` starts natively.
   *
   * @param close Ends what outlives the kernel's part: files that are still open. Never rejects.
   *
   * Errors: ENOENT, ENOTDIR (the mount point), EPERM, EBUSY and what else mounting brings.
   */
  static async begin(
    native: NativeBinding,
    mountPoint: string,
    start: (listener: NativeListener) => number,
    close: () => Promise<void> = async () => undefined,
  ): Promise<Mount> {
    await requireDirectory(mountPoint);
    let tellEnd: (end: MountEnd) => void = () => undefined;
    const ended = new Promise<MountEnd>((resolve) => {
      tellEnd = resolve;
    });
    const guard = new MountGuard(mountPoint);
    guard.watch();
    const number = await new Promise<number>((resolve, reject) => {
      const fail = (errno: number, words: string): void => reject(mountError(errno, mountPoint, words));
      const started = start((event, errno, words) => {
        if (event === 'mounted') resolve(started);
        else if (event === 'failed') fail(errno, words);
        else tellEnd({ error: errno === 0 ? undefined : mountError(errno, mountPoint, words) });
      });
      if (started < 0) fail(started, '');
    }).catch((thrown: unknown) => {
      guard.release();
      throw thrown;
    });
    const finished = ended.then(async (end) => {
      await close();
      native.finish(number);
      return end;
    });
    const mount = new Mount(native, number, mountPoint, finished, guard);
    await mount.#settle();
    return mount;
  }

  /** What it has done and is doing; undefined when it has ended. */
  report(): NativeReport | undefined {
    return this.#isOver ? undefined : this.#native.report(this.#number);
  }

  /**
   * Ends the mount: what would change it is EROFS from now on, accepted bytes land, and the mount leaves the tree. Open
   * files stay usable until the time is up and then as long as this process lives, which they do not prolong. Resolves
   * when that is done, with what could not be; a second call gives the first result.
   *
   * Errors: EPERM and what else unmounting brings; the mount goes on then.
   */
  unmount(options: UnmountOptions = {}): Promise<MountRemains> {
    this.#unmounting ??= this.#unmount(options.timeoutMs ?? unmountTimeoutMs);
    return this.#unmounting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
  }

  async #unmount(timeoutMs: number): Promise<MountRemains> {
    const deadline = performance.now() + timeoutMs;
    if (this.#isOver) return { files: 0, bytes: 0, oldestMs: 0, isInUse: false };
    this.#native.refuseChanges(this.#number);
    const left = await this.#drain(timeoutMs);
    await this.#leaveTree();
    const isInUse = !(await endsBefore(this.ended, deadline - performance.now()));
    if (isInUse) this.#native.letGo(this.#number);
    return { ...left, isInUse };
  }

  #drain(timeoutMs: number): Promise<Omit<MountRemains, 'isInUse'>> {
    return new Promise((resolve) => {
      this.#native.drain(this.#number, timeoutMs, (errno, files = 0, bytes = 0, oldestMs = 0) => {
        const error = errno === 0 || bytes === 0 ? undefined : mountError(errno, this.mountPoint, '', 'drain');
        resolve({ files, bytes, oldestMs, error });
      });
    });
  }

  async #leaveTree(): Promise<void> {
    if (process.geteuid?.() !== 0) return this.#leaveTreeAsUser();
    const errno = await this.#unmountAsRoot(false);
    if (errno === 0) return;
    const lazily = await this.#unmountAsRoot(true);
    if (lazily !== 0 && !this.#isOver) throw mountError(lazily, this.mountPoint, '', 'unmount');
  }

  #unmountAsRoot(lazily: boolean): Promise<number> {
    return new Promise((resolve) => this.#native.unmount(this.#number, lazily, resolve));
  }

  async #leaveTreeAsUser(): Promise<void> {
    try {
      await run('fusermount3', ['-u', '-z', '--', this.mountPoint]);
    } catch (thrown) {
      if (!this.#isOver) throw systemError(thrown, { origin, operation: 'unmount', path: this.mountPoint });
    }
  }

  /** Waits until the kernel and libfuse have agreed on what they can do, and sets what only then can be set. */
  async #settle(): Promise<void> {
    try {
      const { dev } = await lstat(this.mountPoint);
      const major = (dev >> 8) & 0xfff;
      const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
      // Only root may; without it, reading is slower and nothing else.
      await writeFile(`/sys/class/bdi/${major}:${minor}/read_ahead_kb`, String(readAheadKiB)).catch(() => undefined);
    } catch {
      // The root itself cannot be described: whoever uses the mount is told by each call.
    }
  }
}

async function requireDirectory(mountPoint: string): Promise<void> {
  const where = { origin, operation: 'mount', path: mountPoint };
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(mountPoint)).isDirectory();
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    const detail = code === 'ENOTCONN' ? 'a dead mount is there; conveyor doctor --mounts removes it' : undefined;
    throw systemError(thrown, { ...where, detail });
  }
  if (!isDirectory) throw new ConveyorError('ENOTDIR', { ...where, detail: 'the mount point is no directory' });
}

function mountError(errno: number, path: string, words: string, operation = 'mount'): ConveyorError {
  const detail = words.trim().replace(/\s*\n\s*/g, '; ');
  return errnoError(errno, { origin, operation, path, detail: detail === '' ? undefined : detail });
}

/** Whether a promise settles within so many milliseconds. */
async function endsBefore(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
