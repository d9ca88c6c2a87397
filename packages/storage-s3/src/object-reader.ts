import { createHash } from 'node:crypto';
import { isMissing, isRefusedCondition, Refusal } from './error-map.ts';
import { etagOf, infoOf, type ObjectInfo } from './objects.ts';
import type { S3Client } from './protocol/client.ts';
import type { Head, TakePiece } from './protocol/connections.ts';
import { crc32, crc32Text } from './protocol/crc32.ts';
import { S3Failure } from './protocol/failure.ts';
import { headerText } from './protocol/failure-answer.ts';

/** What an opening fetches along with the answer to whether the object is there. */
const headBytes = 128 * 1024;

/** Reads of more are made of several requests at once. */
const requestBytesMax = 8 * 1024 ** 2;

/**
 * Reads one version of an object: every request names its ETag, and every answer is looked at before a byte of it
 * counts. What changed or went under the reader is ESTALE, a range that is not the one asked for an error, never bytes.
 */
export class ObjectReader {
  readonly info: ObjectInfo;
  readonly key: string;
  readonly #client: S3Client;

  constructor(client: S3Client, key: string, info: ObjectInfo) {
    this.#client = client;
    this.key = key;
    this.info = info;
  }

  /** Fills `target` with the bytes from `offset` on. Requires: they lie within the object. Errors: ESTALE. */
  async fill(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    const pieces: Promise<void>[] = [];
    for (let begin = 0; begin < target.byteLength; begin += requestBytesMax) {
      pieces.push(this.#fillOne(target.subarray(begin, begin + requestBytesMax), offset + begin, signal));
    }
    // All are waited for: none may write into the buffer when the read has ended.
    const outcomes = await Promise.allSettled(pieces);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * As {@link fill}, for bytes that are written back: where neither TLS nor a checksum of exactly these bytes stands
   * for them, they are asked for twice and compared. Errors: ERR_CONVEYOR_CHECKSUM when they keep differing.
   */
  async fillCertain(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    await this.fill(target, offset, signal);
    if (this.#client.isProtected) return;
    if (offset === 0 && target.byteLength === this.info.size && hasOwnSum(target, this.info)) return;
    const again = new Uint8Array(target.byteLength);
    for (let attempt = 1; attempt <= this.#client.retry.attemptsMax; attempt++) {
      await this.fill(again, offset, signal);
      if (Buffer.compare(again, target) === 0) return;
      target.set(again);
    }
    throw new Refusal('ERR_CONVEYOR_CHECKSUM', 'the server gives different bytes for the same range');
  }

  async #fillOne(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    const { etag, size } = this.info;
    for (let done = 0; done < target.byteLength; ) {
      const before = done;
      const take = (head: Head): TakePiece => {
        const begin = offset + done;
        const end = requireRange(head, { begin, end: offset + target.byteLength, size, etag });
        return (piece) => {
          if (offset + done + piece.byteLength > end) throw excess();
          target.set(piece, done);
          done += piece.byteLength;
        };
      };
      const headers = (): Record<string, string> => ({
        range: `bytes=${offset + done}-${offset + target.byteLength - 1}`,
        'if-match': `"${etag}"`,
      });
      try {
        await this.#client.send({ name: 'GetObject', method: 'GET', key: this.key, headers, signal, take });
      } catch (thrown) {
        throw stale(thrown);
      }
      if (done === before) throw new Refusal('EPROTO', 'the server answers a range with no bytes');
    }
  }
}

/** An object's first bytes, on their way since it was opened. */
export class ObjectHead {
  readonly info: ObjectInfo;
  readonly #bytes: Uint8Array;
  readonly #end: Promise<void>;
  readonly #controller: AbortController;
  #received = 0;
  #hasEnded = false;
  #failed = false;
  #waiting: (() => void)[] = [];

  private constructor(info: ObjectInfo, bytes: Uint8Array, controller: AbortController, end: Promise<void>) {
    this.info = info;
    this.#bytes = bytes;
    this.#controller = controller;
    this.#end = end.then(
      () => {
        this.#hasEnded = true;
        this.#failed = !this.#isPlausible();
        this.#wake();
      },
      () => {
        this.#failed = true;
        this.#wake();
      },
    );
  }

  /**
   * Opens an object: one request, which resolves with its description as soon as that is there, and whose body goes on
   * coming.
   *
   * @param ifMatch The ETag that it must have. Errors: NoSuchKey, PreconditionFailed.
   */
  static open(client: S3Client, key: string, ifMatch: string | undefined, signal?: AbortSignal): Promise<ObjectHead> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const aborted = (): void => controller.abort(signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      let opened: ObjectHead | undefined;
      let finish: (outcome: Promise<void>) => void = () => undefined;
      const end = new Promise<void>((done) => {
        finish = done;
      });
      end.catch(() => undefined);
      const take = (head: Head): TakePiece => {
        const { info, length } = describe(head);
        if (opened === undefined) {
          // From here on the bytes are the file's, whatever becomes of the opening's signal.
          signal?.removeEventListener('abort', aborted);
          opened = new ObjectHead(info, new Uint8Array(length), controller, end);
          resolve(opened);
        }
        return opened.#restart(info, length);
      };
      const headers = (): Record<string, string> => {
        const pinned = opened?.info.etag ?? ifMatch;
        const first = { range: `bytes=0-${headBytes - 1}`, 'x-amz-checksum-mode': 'ENABLED' };
        return { ...first, ...(pinned === undefined ? {} : { 'if-match': `"${pinned}"` }) };
      };
      client
        .send({ name: 'GetObject', method: 'GET', key, headers, signal: controller.signal, take })
        .then(
          () => finish(Promise.resolve()),
          (thrown: unknown) => {
            finish(Promise.reject(thrown));
            reject(thrown);
          },
        )
        .finally(() => signal?.removeEventListener('abort', aborted));
    });
  }

  /** Bytes at the begin that it has or is to get. */
  get length(): number {
    return this.#failed ? 0 : this.#bytes.byteLength;
  }

  /**
   * Copies bytes into `target`, as soon as they are there.
   *
   * @returns False when they will not come: they have to be asked for again.
   */
  async read(target: Uint8Array, offset: number): Promise<boolean> {
    const end = offset + target.byteLength;
    if (end > this.#bytes.byteLength) return false;
    while (!this.#has(end) && !this.#failed) await new Promise<void>((wake) => this.#waiting.push(wake));
    if (this.#failed) return false;
    target.set(this.#bytes.subarray(offset, end));
    return true;
  }

  /** Ends the request, if it is still under way. */
  async close(): Promise<void> {
    this.#controller.abort();
    await this.#end;
  }

  /** What is the whole object waits for its end: then it can be compared with what the server says of it. */
  #has(end: number): boolean {
    return this.#hasEnded || (this.#received >= end && this.#bytes.byteLength < this.info.size);
  }

  /** Whether a whole object has its checksum, or its ETag where that is its MD5. */
  #isPlausible(): boolean {
    const { size, etag, crc32: checksum } = this.info;
    if (this.#bytes.byteLength < size || hasOwnSum(this.#bytes, this.info)) return true;
    // An ETag that is no MD5 says nothing. One that looks like it may be none: then the bytes are asked for again.
    return checksum === undefined && !/^[0-9a-f]{32}$/.test(etag);
  }

  #restart(info: ObjectInfo, length: number): TakePiece {
    if (info.etag !== this.info.etag || length !== this.#bytes.byteLength) throw new Refusal('ESTALE', changed);
    let done = 0;
    return (piece) => {
      if (done + piece.byteLength > length) throw excess();
      this.#bytes.set(piece, done);
      done += piece.byteLength;
      this.#received = Math.max(this.#received, done);
      this.#wake();
    };
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Whether bytes have the checksum of the object, or its ETag as their MD5. */
function hasOwnSum(bytes: Uint8Array, { crc32: checksum, etag }: ObjectInfo): boolean {
  if (checksum !== undefined) return checksum === crc32Text(crc32(bytes));
  return etag === createHash('md5').update(bytes).digest('hex');
}

const changed = 'the object has changed since it was opened';

/** The object behind an answer to a GET of its first bytes, and how many of them the answer holds. */
function describe(head: Head): { info: ObjectInfo; length: number } {
  const announced = Number(head.headers['content-length'] ?? Number.NaN);
  if (head.status === 206) {
    const range = contentRange(head);
    if (range.begin !== 0) throw new Refusal('EPROTO', 'the server answers with another range');
    return { info: infoOf(head, range.size), length: range.end };
  }
  // Some servers answer so when the range is the whole.
  if (head.status === 200 && announced <= headBytes) return { info: infoOf(head, announced), length: announced };
  throw new Refusal('EPROTO', 'the server ignores ranges');
}

/** @returns Where the answer's bytes end. Errors: ESTALE for another version, EPROTO for other bytes than asked. */
function requireRange(head: Head, asked: { begin: number; end: number; size: number; etag: string }): number {
  if (etagOf(head) !== asked.etag) throw new Refusal('ESTALE', changed);
  if (head.status === 200) {
    // The whole object, which is what was asked for only if that was all of it.
    const isWhole = asked.begin === 0 && asked.end === asked.size;
    if (isWhole && Number(head.headers['content-length']) === asked.size) return asked.size;
    throw unexpectedRange('the server answers a range with the whole object');
  }
  const range = contentRange(head);
  if (range.size !== asked.size) throw new Refusal('ESTALE', changed);
  if (range.begin !== asked.begin || range.end > asked.end) throw unexpectedRange('the server answers another range');
  return range.end;
}

function contentRange({ headers }: Head): { begin: number; end: number; size: number } {
  const text = headerText(headers['content-range']) ?? '';
  const [, begin, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text) ?? [];
  if (begin === undefined || last === undefined || size === undefined) {
    throw unexpectedRange('the server does not say which range it answers with');
  }
  return { begin: Number(begin), end: Number(last) + 1, size: Number(size) };
}

/** Perhaps somebody between us and the server: worth another attempt. */
function unexpectedRange(message: string): S3Failure {
  return new S3Failure(message, { code: 'EPROTO', status: 0, call: 'GetObject' });
}

function excess(): S3Failure {
  return unexpectedRange('the server sends more than it announced');
}

/** What was open and is no longer what was opened. */
function stale(thrown: unknown): unknown {
  if (isRefusedCondition(thrown)) return new Refusal('ESTALE', changed, thrown);
  if (isMissing(thrown)) return new Refusal('ESTALE', 'the object was removed since it was opened', thrown);
  return thrown;
}
