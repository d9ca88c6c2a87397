import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from './error-map.ts';

const pieceBytes = 1024 ** 2;

/** A file of this machine without a name, for bytes that memory should not hold. It takes room where it was written. */
export class Spool {
  readonly #directory: string;
  #file: Promise<FileHandle> | undefined;

  /** @param directory Undefined: the one for temporary files. Nothing is made before the first byte. */
  constructor(directory: string | undefined) {
    this.#directory = directory ?? tmpdir();
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const file = await this.#opened();
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
      done += bytesWritten;
    }
  }

  /** Fills `target`; what was never written reads as zeros. */
  async read(target: Uint8Array, offset: number): Promise<void> {
    const file = await this.#opened();
    for (let done = 0; done < target.byteLength; ) {
      const { bytesRead } = await file.read(target, done, target.byteLength - done, offset + done);
      if (bytesRead === 0) target.fill(0, done);
      done = bytesRead === 0 ? target.byteLength : done + bytesRead;
    }
  }

  /** The bytes from `begin` on, piece by piece. */
  async *pieces(begin: number, length: number): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < length; done += pieceBytes) {
      // A new block each time: the one before is still on its way.
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, length - done));
      await this.read(piece, begin + done);
      yield piece;
    }
  }

  /** Frees the disk. The spool is empty then, and can be used again. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await (await file)?.close();
  }

  #opened(): Promise<FileHandle> {
    this.#file ??= openUnnamed(this.#directory);
    return this.#file;
  }
}

async function openUnnamed(directory: string): Promise<FileHandle> {
  const path = join(directory, `.conveyor-${randomBytes(9).toString('base64url')}.tmp`);
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    // Without a name it goes with the process, however that ends.
    await unlink(path);
    return file;
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    const detail = `no temporary file in '${directory}' for bytes that memory should not hold`;
    throw new Refusal(code === 'ENOSPC' ? 'ENOSPC' : 'EIO', detail, thrown);
  }
}
