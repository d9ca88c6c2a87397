import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The folder in which a server keeps everything.
 *
 * What appears in it appears whole: files are written under `tmp` and renamed. That survives a crash of the process at
 * any moment; it does not survive a power failure, since nothing is synced.
 */
export class Folder {
  readonly path: string;
  readonly #made = new Set<string>();

  private constructor(path: string) {
    this.path = path;
  }

  /** Takes a folder into use, which is created when missing. Errors: Error when another live server has it. */
  static async open(path: string): Promise<Folder> {
    const folder = new Folder(path);
    await mkdir(join(path, 'tmp'), { recursive: true });
    await folder.#lock();
    for (const name of await readdir(join(path, 'tmp'))) await unlink(join(path, 'tmp', name));
    return folder;
  }

  /** Lets others use it. */
  async close(): Promise<void> {
    await rm(join(this.path, 'lock'), { force: true });
  }

  /** A path for something that is not whole yet. */
  temporary(): string {
    return join(this.path, 'tmp', randomUUID());
  }

  /** Puts a file in its place; folders on the way are created. Parameters: absolute, and relative to the folder. */
  async place(temporary: string, name: string): Promise<void> {
    const parent = dirname(join(this.path, name));
    if (!this.#made.has(parent)) {
      await mkdir(parent, { recursive: true });
      this.#made.add(parent);
    }
    await rename(temporary, join(this.path, name));
  }

  /** Writes a document, whole or not at all. */
  async writeDocument(name: string, value: unknown): Promise<void> {
    const temporary = this.temporary();
    await writeFile(temporary, JSON.stringify(value));
    await this.place(temporary, name);
  }

  /** Errors: Error with the path when it is no JSON. */
  async readDocument<T>(name: string): Promise<T> {
    const text = await readFile(join(this.path, name), 'utf8');
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new Error(`${join(this.path, name)} is damaged`, { cause });
    }
  }

  /** Names in a folder of it; none when it is missing. */
  async list(name: string): Promise<string[]> {
    try {
      return await readdir(join(this.path, name));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
  }

  /** Removes a file or a folder with all in it; nothing when it is missing. */
  async remove(name: string): Promise<void> {
    const path = join(this.path, name);
    for (const made of this.#made) if (made === path || made.startsWith(`${path}/`)) this.#made.delete(made);
    await rm(path, { recursive: true, force: true });
  }

  async #lock(): Promise<void> {
    const path = join(this.path, 'lock');
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = await open(path, 'wx');
        await file.writeFile(String(process.pid));
        await file.close();
        return;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
      }
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (isAlive(holder)) throw new Error(`${this.path} is in use by the process ${holder}`);
      await rm(path, { force: true });
    }
    throw new Error(`${this.path} is in use`);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
