import { write } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const writeOnce: (fd: number, bytes: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }> =
  promisify(write);

const descriptor = 1;

/** How long to wait before a descriptor that is full and does not block is asked again, in milliseconds. */
const fullDelayMs = 5;

/**
 * Standard output, in order and completely. (`process.stdout` writes to a file with one write(2) and takes a short
 * count for the whole: on a full disk bytes would be missing without an error.)
 */
export class StandardOutput {
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;

  /** Why bytes could not be written; undefined if all could. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether nobody reads any more. */
  get isBroken(): boolean {
    return (this.#failure as { code?: unknown } | undefined)?.code === 'EPIPE';
  }

  /**
   * Writes behind everything written before. Bytes are the writer's until it resolves.
   *
   * @returns False when these bytes or earlier ones could not be written; `failure` says why. Never rejects.
   */
  async write(data: Uint8Array | string): Promise<boolean> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#last = this.#last.then(() => this.#writeAll(bytes));
    await this.#last;
    return this.#failure === undefined;
  }

  /** As `write`, for pipelines. Errors: `failure`. */
  readonly take = async (bytes: Uint8Array): Promise<void> => {
    if (!(await this.write(bytes))) throw this.#failure;
  };

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength && this.#failure === undefined; ) {
      try {
        done += (await writeOnce(descriptor, bytes, done, bytes.byteLength - done)).bytesWritten;
      } catch (thrown) {
        const { code } = thrown as { code?: unknown };
        if (code === 'EAGAIN') await delay(fullDelayMs);
        else if (code !== 'EINTR') this.#failure = thrown;
      }
    }
  }
}
