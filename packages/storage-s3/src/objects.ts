import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isMissing, Refusal } from './error-map.ts';
import type { S3Client } from './protocol/client.ts';
import type { Answer, Head } from './protocol/connections.ts';
import { crc32, crc32Text } from './protocol/crc32.ts';
import { S3Failure } from './protocol/failure.ts';
import { headerText } from './protocol/failure-answer.ts';
import { encodeComponent } from './protocol/signature.ts';
import { childrenOf, parseXml, textOf, type XmlElement } from './protocol/xml.ts';

/** What an object says about itself. */
export interface ObjectInfo {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  /** Of the whole content, as the server keeps it. */
  readonly crc32?: string | undefined;
  /** Headers that a rewritten object keeps: content type, metadata of its owner. */
  readonly kept: Readonly<Record<string, string>>;
}

/** One page of a listing. */
export interface ListPage {
  readonly objects: readonly { readonly key: string; readonly info: ObjectInfo }[];
  /** What shares a prefix up to the delimiter. */
  readonly prefixes: readonly string[];
  readonly next: string | undefined;
}

/** What has to hold for an object to be written. */
export interface Condition {
  /** Nothing has this name. */
  readonly isNew?: boolean | undefined;
  /** The name has this ETag. */
  readonly ifMatch?: string | undefined;
}

export interface ListOptions {
  readonly delimiter?: string | undefined;
  readonly keysMax?: number | undefined;
  readonly continuation?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Metadata of objects that were made on condition that they are new. */
const madeBy = 'x-amz-meta-conveyor-made-by';

const keptHeaders = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'content-language'];

/** Single objects of one bucket: describe, list, put, remove, copy. Multipart uploads are in multipart.ts. */
export class Objects {
  readonly client: S3Client;
  /** Some servers compare the ETag of a conditional PUT with its quotes, some without. */
  #quotes = true;

  constructor(client: S3Client) {
    this.client = client;
  }

  /** Describes an object; undefined when there is none. */
  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' };
    try {
      return infoOf(await this.client.send({ name: 'HeadObject', method: 'HEAD', key, headers, signal }));
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  }

  /** Keys that begin with `prefix`, in order, up to a thousand at a time. */
  async list(prefix: string, { delimiter, keysMax, continuation, signal }: ListOptions): Promise<ListPage> {
    const query = {
      'list-type': '2',
      // XML has no way to write some characters of keys.
      'encoding-type': 'url',
      prefix,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(keysMax === undefined ? {} : { 'max-keys': String(keysMax) }),
      ...(continuation === undefined ? {} : { 'continuation-token': continuation }),
    };
    const answer = await this.client.send({
      name: 'ListObjectsV2',
      method: 'GET',
      query,
      signal,
      expectsDocument: true,
    });
    return pageOf(parseXml(answer.body.toString('utf8'))?.root ?? {});
  }

  /**
   * Puts an object. A condition that a repeated request finds broken by its own first attempt holds.
   *
   * Errors: PreconditionFailed.
   */
  async put(
    key: string,
    body: Uint8Array,
    kept: Readonly<Record<string, string>>,
    condition: Condition,
    signal?: AbortSignal,
  ): Promise<string> {
    let isAmbiguous = false;
    const checksum = crc32Text(crc32(body));
    // Who made an object that nobody else had made can be told by it, and by nothing else.
    const mark: Record<string, string> = condition.isNew ? { [madeBy]: randomBytes(12).toString('base64url') } : {};
    const send = (): Promise<Answer> =>
      this.client.send({
        name: 'PutObject',
        method: 'PUT',
        key,
        headers: { ...kept, ...mark, 'x-amz-checksum-crc32': checksum, ...this.conditionHeaders(condition) },
        body,
        signal,
        onAmbiguous: () => {
          isAmbiguous = true;
        },
      });
    try {
      return etagOf(await send());
    } catch (thrown) {
      if (!(thrown instanceof S3Failure) || thrown.code !== 'PreconditionFailed') throw thrown;
      const there = await this.head(key, signal);
      if (isAmbiguous && there !== undefined) {
        const isOurs = condition.isNew ? there.kept[madeBy] === mark[madeBy] : hasContent(there, body);
        if (isOurs) return there.etag;
      }
      if (condition.ifMatch === undefined || there?.etag !== condition.ifMatch || !this.#quotes) throw thrown;
      this.#quotes = false;
      return etagOf(await send());
    }
  }

  /** The headers of a condition. */
  conditionHeaders({ isNew, ifMatch }: Condition): Record<string, string> {
    if (isNew) return { 'if-none-match': '*' };
    if (ifMatch === undefined) return {};
    return { 'if-match': this.#quotes ? `"${ifMatch}"` : ifMatch };
  }

  /** Removes an object; one that is not there is no error. */
  async remove(key: string, signal?: AbortSignal): Promise<void> {
    await this.client.send({ name: 'DeleteObject', method: 'DELETE', key, signal });
  }

  /**
   * Copies an object of at most 5 GiB on the server, as it is while it has this ETag. @returns The copy's ETag.
   * @param kept What the copy says of itself; undefined: what the source says.
   *
   * Errors: PreconditionFailed.
   */
  async copy(
    source: string,
    etag: string,
    target: string,
    kept: Readonly<Record<string, string>> | undefined,
    signal?: AbortSignal,
  ): Promise<string> {
    const answer = await this.client.send({
      name: 'CopyObject',
      method: 'PUT',
      key: target,
      headers: {
        ...this.sourceHeaders(source, etag),
        ...(kept === undefined ? {} : { 'x-amz-metadata-directive': 'REPLACE', ...kept }),
      },
      signal,
      expectsDocument: true,
    });
    return unquoted(textOf(parseXml(answer.body.toString('utf8'))?.root, 'ETag') ?? '');
  }

  /** The headers of a copy that name its source. */
  sourceHeaders(source: string, etag: string): Record<string, string> {
    const path = source.split('/').map(encodeComponent).join('/');
    return {
      'x-amz-copy-source': `/${encodeComponent(this.client.endpoint.bucket)}/${path}`,
      'x-amz-copy-source-if-match': `"${etag}"`,
    };
  }
}

/** What the headers of an answer say about an object. */
export function infoOf({ headers }: Head, size?: number): ObjectInfo {
  const type = headerText(headers['x-amz-checksum-type']);
  const checksum = headerText(headers['x-amz-checksum-crc32']);
  const isWhole = type !== 'COMPOSITE' && checksum !== undefined && !checksum.includes('-');
  return {
    size: size ?? Number(headers['content-length'] ?? 0),
    etag: etagOf({ headers }),
    modifiedMs: Date.parse(headers['last-modified'] ?? '') || 0,
    crc32: isWhole ? checksum : undefined,
    kept: keptOf(headers),
  };
}

/** The ETag of an answer, without quotes. Errors: EPROTO when there is none, because nothing could be pinned. */
export function etagOf({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const etag = unquoted(headers.etag ?? '');
  if (etag === '') throw new Refusal('EPROTO', 'the server gives no ETag');
  return etag;
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^(W\/)?"(.*)"$/, '$2');
}

function keptOf(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = headerText(value);
    if (text !== undefined && (keptHeaders.includes(name) || name.startsWith('x-amz-meta-'))) kept[name] = text;
  }
  return kept;
}

function pageOf(root: XmlElement): ListPage {
  const decoded = (element: XmlElement, name: string): string => decodeKey(textOf(element, name) ?? '', root);
  return {
    objects: childrenOf(root, 'Contents').map((element) => ({
      key: decoded(element, 'Key'),
      info: {
        size: Number(textOf(element, 'Size') ?? 0),
        etag: unquoted(textOf(element, 'ETag') ?? ''),
        modifiedMs: Date.parse(textOf(element, 'LastModified') ?? '') || 0,
        kept: {},
      },
    })),
    prefixes: childrenOf(root, 'CommonPrefixes').map((element) => decoded(element, 'Prefix')),
    next: textOf(root, 'IsTruncated') === 'true' ? textOf(root, 'NextContinuationToken') : undefined,
  };
}

/** A key as listings encode it, where they say that they do. */
export function decodeKey(text: string, root: XmlElement): string {
  if (textOf(root, 'EncodingType') !== 'url') return text;
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Whether an object has these bytes, by the checksums that servers keep; no when that cannot be said. */
function hasContent({ size, etag, crc32: checksum }: ObjectInfo, body: Uint8Array): boolean {
  if (size !== body.byteLength) return false;
  if (checksum !== undefined) return checksum === crc32Text(crc32(body));
  return etag === createHash('md5').update(body).digest('hex');
}
