import { createHash } from 'node:crypto';
import { Refusal } from './error-map.ts';
import { type Condition, decodeKey, etagOf, type ObjectInfo, type Objects, unquoted } from './objects.ts';
import type { BodySource } from './protocol/connections.ts';
import { combinedCrc32, crc32Text } from './protocol/crc32.ts';
import { S3Failure } from './protocol/failure.ts';
import { headerText } from './protocol/failure-answer.ts';
import { childrenOf, escapeXml, parseXml, textOf } from './protocol/xml.ts';

/** A part that the server has. */
export interface UploadedPart {
  /** From 1 on. */
  readonly number: number;
  readonly etag: string;
  readonly length: number;
  /** Of its bytes; undefined where neither side has counted it. */
  readonly crc32: number | undefined;
}

/** An upload that was begun and has not ended. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  readonly begunMs: number;
}

/** How many times the server may forget checksums before they are left out: once is enough. */
const refusedChecksums: ReadonlySet<string> = new Set(['NotImplemented', 'InvalidRequest', 'InvalidArgument']);

/** One multipart upload: parts in any order, then all of them under the name at once, or nothing. */
export class MultipartUpload {
  readonly key: string;
  readonly id: string;
  /** What the object will say of itself. */
  readonly kept: Readonly<Record<string, string>>;
  readonly #objects: Objects;
  readonly #hasChecksums: boolean;

  private constructor(
    objects: Objects,
    key: string,
    id: string,
    kept: Readonly<Record<string, string>>,
    hasChecksums: boolean,
  ) {
    this.#objects = objects;
    this.key = key;
    this.id = id;
    this.kept = kept;
    this.#hasChecksums = hasChecksums;
  }

  /** Begins an upload. A begin whose answer is lost leaves an upload behind that `doctor` finds. */
  static async begin(
    objects: Objects,
    key: string,
    kept: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<MultipartUpload> {
    const checksums = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' };
    const send = async (headers: Record<string, string>): Promise<string> => {
      const query = { uploads: '' };
      const call = { name: 'CreateMultipartUpload', method: 'POST', key, query, headers, signal } as const;
      const answer = await objects.client.send({ ...call, expectsDocument: true });
      const id = textOf(parseXml(answer.body.toString('utf8'))?.root, 'UploadId');
      if (id === undefined || id === '') throw new Refusal('EPROTO', 'the server gives no UploadId');
      return id;
    };
    try {
      return new MultipartUpload(objects, key, await send({ ...kept, ...checksums }), kept, true);
    } catch (thrown) {
      if (!(thrown instanceof S3Failure) || !refusedChecksums.has(thrown.code)) throw thrown;
      return new MultipartUpload(objects, key, await send({ ...kept }), kept, false);
    }
  }

  /**
   * Sends a part; one of the same number is replaced. @param crc32 Of the bytes. @param onSent Told when the last byte
   * has left, which is a while before the server says that it has it; perhaps several times.
   */
  async put(
    number: number,
    body: Uint8Array | BodySource,
    crc32: number,
    onSent?: () => void,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    const text = crc32Text(crc32);
    const answer = await this.#objects.client.send({
      name: 'UploadPart',
      method: 'PUT',
      key: this.key,
      query: { partNumber: String(number), uploadId: this.id },
      headers: { 'x-amz-checksum-crc32': text },
      body,
      onSent,
      signal,
    });
    const echoed = headerText(answer.headers['x-amz-checksum-crc32']);
    if (echoed !== undefined && echoed !== text) throw new Refusal('ERR_CONVEYOR_CHECKSUM', 'the part arrived changed');
    const length = body instanceof Uint8Array ? body.byteLength : body.length;
    return { number, etag: etagOf(answer), length, crc32 };
  }

  /** Makes a part of the bytes from `offset` on of an object, as it is while it has this ETag. */
  async copy(
    number: number,
    source: { readonly key: string; readonly etag: string },
    range: { readonly offset: number; readonly length: number } | undefined,
    sourceLength: number,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    const headers = this.#objects.sourceHeaders(source.key, source.etag);
    if (range !== undefined) {
      headers['x-amz-copy-source-range'] = `bytes=${range.offset}-${range.offset + range.length - 1}`;
    }
    const answer = await this.#objects.client.send({
      name: 'UploadPartCopy',
      method: 'PUT',
      key: this.key,
      query: { partNumber: String(number), uploadId: this.id },
      headers,
      signal,
      expectsDocument: true,
    });
    const root = parseXml(answer.body.toString('utf8'))?.root;
    const text = textOf(root, 'ChecksumCRC32');
    const crc32 = text === undefined ? undefined : Buffer.from(text, 'base64').readUInt32BE(0);
    return { number, etag: unquoted(textOf(root, 'ETag') ?? ''), length: range?.length ?? sourceLength, crc32 };
  }

  /**
   * Puts the parts, in order, under the name. @returns The object's ETag.
   *
   * Errors: PreconditionFailed; NoSuchUpload when somebody has ended the upload.
   */
  async complete(parts: readonly UploadedPart[], condition: Condition, signal?: AbortSignal): Promise<string> {
    let isAmbiguous = false;
    const whole = this.#hasChecksums ? wholeCrc32(parts) : undefined;
    const checksum: Record<string, string> =
      whole === undefined ? {} : { 'x-amz-checksum-crc32': crc32Text(whole), 'x-amz-checksum-type': 'FULL_OBJECT' };
    try {
      const answer = await this.#objects.client.send({
        name: 'CompleteMultipartUpload',
        method: 'POST',
        key: this.key,
        query: { uploadId: this.id },
        headers: { 'content-type': 'application/xml', ...checksum, ...this.#objects.conditionHeaders(condition) },
        body: Buffer.from(completion(parts, this.#hasChecksums)),
        signal,
        expectsDocument: true,
        onAmbiguous: () => {
          isAmbiguous = true;
        },
      });
      const root = parseXml(answer.body.toString('utf8'))?.root;
      return unquoted(textOf(root, 'ETag') ?? '');
    } catch (thrown) {
      if (!(thrown instanceof S3Failure)) throw thrown;
      const hasEnded = thrown.code === 'NoSuchUpload';
      if (!hasEnded && !(isAmbiguous && (thrown.code !== 'PreconditionFailed' || (await this.#isGone())))) throw thrown;
      const there = await this.#objects.head(this.key, signal);
      // It was this upload, whatever became of the answer.
      if (there !== undefined && (there.etag === expectedEtag(parts) || hasWhole(there, parts, whole)))
        return there.etag;
      throw thrown;
    }
  }

  /** Whether the server knows the upload no more: then a condition that does not hold is broken by its own object. */
  async #isGone(): Promise<boolean> {
    const query = { uploadId: this.id, 'max-parts': '1' };
    try {
      await this.#objects.client.send({
        name: 'ListParts',
        method: 'GET',
        key: this.key,
        query,
        expectsDocument: true,
      });
      return false;
    } catch (thrown) {
      if (thrown instanceof S3Failure && thrown.code === 'NoSuchUpload') return true;
      throw thrown;
    }
  }

  /** Ends the upload and frees its parts; one that has ended is no error. */
  async abort(signal?: AbortSignal): Promise<void> {
    await abortUpload(this.#objects, this.key, this.id, signal);
  }
}

/** Ends an upload and frees its parts; one that has ended is no error. */
export async function abortUpload(
  objects: Objects,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await objects.client.send({ name: 'AbortMultipartUpload', method: 'DELETE', key, query: { uploadId }, signal });
  } catch (thrown) {
    if (!(thrown instanceof S3Failure) || thrown.status !== 404) throw thrown;
  }
}

/** The uploads below a prefix that have not ended. */
export async function* openUploads(objects: Objects, prefix: string, signal?: AbortSignal): AsyncGenerator<OpenUpload> {
  let marker: Record<string, string> = {};
  for (;;) {
    const query = { uploads: '', 'encoding-type': 'url', prefix, ...marker };
    const call = { name: 'ListMultipartUploads', method: 'GET', query, signal } as const;
    const answer = await objects.client.send({ ...call, expectsDocument: true });
    const root = parseXml(answer.body.toString('utf8'))?.root ?? {};
    for (const element of childrenOf(root, 'Upload')) {
      const key = decodeKey(textOf(element, 'Key') ?? '', root);
      const begunMs = Date.parse(textOf(element, 'Initiated') ?? '') || 0;
      yield { key, id: textOf(element, 'UploadId') ?? '', begunMs };
    }
    const next = textOf(root, 'NextKeyMarker');
    if (textOf(root, 'IsTruncated') !== 'true' || next === undefined) return;
    const id = textOf(root, 'NextUploadIdMarker');
    marker = { 'key-marker': decodeKey(next, root), ...(id === undefined ? {} : { 'upload-id-marker': id }) };
  }
}

function completion(parts: readonly UploadedPart[], hasChecksums: boolean): string {
  const items = parts.map(({ number, etag, crc32 }) => {
    const checksum = hasChecksums && crc32 !== undefined ? `<ChecksumCRC32>${crc32Text(crc32)}</ChecksumCRC32>` : '';
    return `<Part><PartNumber>${number}</PartNumber><ETag>"${escapeXml(etag)}"</ETag>${checksum}</Part>`;
  });
  const space = 'http://s3.amazonaws.com/doc/2006-03-01/';
  return `<CompleteMultipartUpload xmlns="${space}">${items.join('')}</CompleteMultipartUpload>`;
}

function wholeCrc32(parts: readonly UploadedPart[]): number | undefined {
  let whole = 0;
  for (const { crc32, length } of parts) {
    if (crc32 === undefined) return undefined;
    whole = combinedCrc32(whole, crc32, length);
  }
  return whole;
}

/** Whether an object is what the parts make, by size and checksum. */
function hasWhole(there: ObjectInfo, parts: readonly UploadedPart[], whole: number | undefined): boolean {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return whole !== undefined && there.size === size && there.crc32 === crc32Text(whole);
}

/** The ETag that S3 gives: of what it keeps in clear or under its own key, the MD5 of the parts' MD5s. */
function expectedEtag(parts: readonly UploadedPart[]): string | undefined {
  const hash = createHash('md5');
  for (const { etag } of parts) {
    if (!/^[0-9a-f]{32}$/i.test(etag)) return undefined;
    hash.update(Buffer.from(etag, 'hex'));
  }
  return `${hash.digest('hex')}-${parts.length}`;
}
