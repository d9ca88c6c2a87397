import { type Disk, localDisk } from '../src/disk.ts';

/** What a disk does before it does what it is told. */
export interface DiskScript {
  readonly beforeRead?: (offset: number) => Promise<void> | undefined;
  readonly beforeWrite?: (offset: number, length: number) => Promise<void> | undefined;
}

/**
 * The machine's disk with hooks, and with a count of what is open: each descriptor is closed once and not used after.
 */
export class ScriptedDisk implements Disk {
  script: DiskScript;
  opened = 0;
  closed = 0;
  /** Reads and writes of a descriptor that was closed already. */
  usedAfterClose = 0;
  bytes = 0;
  filesMax = 0;

  constructor(script: DiskScript = {}) {
    this.script = script;
  }

  async create(path: string): ReturnType<Disk['create']> {
    const file = await localDisk.create(path);
    this.opened++;
    this.filesMax = Math.max(this.filesMax, this.opened - this.closed);
    let isClosed = false;
    const use = (): void => {
      if (isClosed) this.usedAfterClose++;
    };
    return {
      read: async (buffer, offset) => {
        await this.script.beforeRead?.(offset);
        use();
        return file.read(buffer, offset);
      },
      write: async (buffer, offset) => {
        await this.script.beforeWrite?.(offset, buffer.byteLength);
        use();
        this.bytes += buffer.byteLength;
        return file.write(buffer, offset);
      },
      close: async () => {
        isClosed = true;
        this.closed++;
        await file.close();
      },
    };
  }

  remove(path: string): Promise<void> {
    return localDisk.remove(path);
  }
}

/** The error of a disk that is full. */
export function diskFull(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
