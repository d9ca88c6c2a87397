import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for one test. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Removes the directory with all it holds; the second time does nothing. `await using` calls it. */
  remove(): Promise<void>;
}

/** Makes an empty directory below the system's temporary one (`TMPDIR`). Errors: those of mkdtemp(3). */
export async function tempDir(prefix = 'conveyor-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/**
 * Runs `body` with a directory of its own, which is gone afterwards, whatever happened. Returns what `body` returns.
 */
export async function withTempDir<T>(body: (path: string) => Promise<T>): Promise<T> {
  const dir = await tempDir();
  try {
    return await body(dir.path);
  } finally {
    await dir.remove();
  }
}
