import { randomBytes } from 'node:crypto';
import { isRefusedCondition } from './error-map.ts';
import { MultipartUpload } from './multipart.ts';
import type { Objects } from './objects.ts';
import { isAmazon } from './protocol/endpoint.ts';

/** What an endpoint makes of conditions on writes: some servers ignore them without a word. */
export interface Honours {
  /** `If-None-Match: *` of PutObject. */
  readonly put: boolean;
  /** The same of CompleteMultipartUpload. */
  readonly complete: boolean;
}

/**
 * Finds out, once per storage and only when somebody relies on it, by writing an object that is removed again. Amazon
 * is believed.
 */
export class Conditions {
  readonly #objects: Objects;
  #asked: Promise<Honours> | undefined;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  honoured(): Promise<Honours> {
    if (isAmazon(this.#objects.client.endpoint)) return Promise.resolve({ put: true, complete: true });
    if (this.#asked === undefined) {
      const asked = this.#probe();
      this.#asked = asked;
      asked.catch(() => {
        // Asked again next time: the endpoint could not answer.
        this.#asked = undefined;
      });
    }
    return this.#asked;
  }

  async #probe(): Promise<Honours> {
    const key = `.conveyor-probe-${randomBytes(9).toString('base64url')}`;
    const empty = new Uint8Array(0);
    await this.#objects.put(key, empty, {}, {});
    try {
      const put = await refuses(() => this.#objects.put(key, empty, {}, { isNew: true }));
      const upload = await MultipartUpload.begin(this.#objects, key, {});
      try {
        const part = await upload.put(1, empty, 0);
        const complete = await refuses(() => upload.complete([part], { isNew: true }));
        return { put, complete };
      } finally {
        await upload.abort();
      }
    } finally {
      await this.#objects.remove(key);
    }
  }
}

async function refuses(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return false;
  } catch (thrown) {
    if (isRefusedCondition(thrown)) return true;
    throw thrown;
  }
}
