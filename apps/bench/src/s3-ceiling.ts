import { connect, type Socket } from 'node:net';
import { inParallel, placeOf, randomCount } from './s3-random.ts';
import { fillMade, requireMade, type S3Job } from './s3-sides.ts';
import { VerificationError } from './samples.ts';

/*
 * What the server itself can do, as its own client sees it: requests that nobody signs, on bare sockets, bytes that are
 * copied once and looked at when the clock has stopped. No client gets more out of that server.
 */

const partBytes = 8 * 1024 ** 2;
const streams = 4;

interface Reply {
  readonly head: string;
  readonly body: Buffer;
}

/** One connection, one request at a time. */
class BareConnection implements Disposable {
  readonly #socket: Socket;
  #head = '';
  #body: Buffer | undefined;
  #filled = 0;
  #target: Buffer | undefined;
  #settle: { resolve(reply: Reply): void; reject(reason: Error): void } | undefined;

  constructor(endpoint: string) {
    const { hostname, port } = new URL(endpoint);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', (error) => this.#settle?.reject(error));
  }

  /** @param target Where the body goes; undefined: into memory of its own. */
  request(line: string, headers: readonly string[], body?: Uint8Array, target?: Buffer): Promise<Reply> {
    this.#head = '';
    this.#body = undefined;
    this.#filled = 0;
    this.#target = target;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const length = `content-length: ${body?.byteLength ?? 0}`;
      this.#socket.write([`${line} HTTP/1.1`, 'host: localhost', length, ...headers, '', ''].join('\r\n'));
      if (body !== undefined && body.byteLength > 0) this.#socket.write(body);
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    let rest = bytes;
    if (this.#body === undefined) {
      const before = this.#head.length;
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      rest = bytes.subarray(end + 4 - before);
      this.#head = this.#head.slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#head)?.[1] ?? 0);
      this.#body = this.#target?.byteLength === length ? this.#target : Buffer.allocUnsafe(length);
    }
    rest.copy(this.#body, this.#filled);
    this.#filled += rest.byteLength;
    if (this.#filled < this.#body.byteLength) return;
    if (/^HTTP\/1\.1 2/.test(this.#head)) this.#settle?.resolve({ head: this.#head, body: this.#body });
    else this.#settle?.reject(new Error(`the server refuses: ${this.#body.toString('utf8')}`));
  }
}

/** Runs tasks on as many connections. */
async function onConnections(
  endpoint: string,
  connectionCount: number,
  taskCount: number,
  task: (connection: BareConnection, index: number) => Promise<void>,
): Promise<void> {
  const free = Array.from({ length: connectionCount }, () => new BareConnection(endpoint));
  const all = [...free];
  try {
    await inParallel(connectionCount, taskCount, async (index) => {
      const connection = free.pop() as BareConnection;
      await task(connection, index);
      free.push(connection);
    });
  } finally {
    for (const connection of all) connection[Symbol.dispose]();
  }
}

async function fetchRange(connection: BareConnection, key: string, offset: number, target: Buffer): Promise<void> {
  const range = `range: bytes=${offset}-${offset + target.byteLength - 1}`;
  const { body } = await connection.request(`GET /bench/${key}`, [range], undefined, target);
  if (body !== target) throw new VerificationError(`${body.byteLength} bytes instead of ${target.byteLength}`);
}

export async function readAtCeiling({ site, key, bytes, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(bytes);
  watch.start();
  await onConnections(site.endpoint, streams, Math.ceil(bytes / partBytes), (connection, index) => {
    const begin = index * partBytes;
    return fetchRange(connection, key, begin, found.subarray(begin, begin + partBytes));
  });
  watch.stop();
  requireMade(found, 0);
}

export async function writeAtCeiling({ site, key, bytes, watch }: S3Job): Promise<void> {
  watch.start();
  using first = new BareConnection(site.endpoint);
  const begun = await first.request(`POST /bench/${key}?uploads`, []);
  const id = /<UploadId>([^<]+)</.exec(begun.body.toString('utf8'))?.[1] ?? '';
  const etags: string[] = [];
  await onConnections(site.endpoint, streams, Math.ceil(bytes / partBytes), async (connection, index) => {
    const body = Buffer.allocUnsafeSlow(Math.min(partBytes, bytes - index * partBytes));
    fillMade(body, index * partBytes);
    const line = `PUT /bench/${key}?partNumber=${index + 1}&uploadId=${id}`;
    const { head } = await connection.request(line, [], body);
    etags[index] = /\r\netag: ([^\r]+)/i.exec(head)?.[1] ?? '';
  });
  const items = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
  const document = `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`;
  await first.request(`POST /bench/${key}?uploadId=${id}`, [], Buffer.from(document));
  watch.stop();
}

export async function randomAtCeiling({ site, key, bytes, watch }: S3Job, block: number): Promise<void> {
  const blocks = Math.floor(bytes / block);
  const found = Array.from({ length: randomCount(bytes, block) }, () => Buffer.allocUnsafeSlow(block));
  watch.start();
  await onConnections(site.endpoint, 16, found.length, (connection, index) => {
    return fetchRange(connection, key, placeOf(index, blocks) * block, found[index] as Buffer);
  });
  watch.stop();
  for (const [index, bytesRead] of found.entries()) requireMade(bytesRead, placeOf(index, blocks) * block);
}

/** Puts small objects; they are looked at by whoever calls. */
export async function putAtCeiling(
  endpoint: string,
  objects: readonly { readonly key: string; readonly content: Uint8Array }[],
): Promise<void> {
  await onConnections(endpoint, 16, objects.length, async (connection, index) => {
    const { key, content } = objects[index] as { key: string; content: Uint8Array };
    await connection.request(`PUT /bench/${key}`, [], content);
  });
}
