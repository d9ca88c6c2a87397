import type { IncomingMessage } from 'node:http';
import { operationOf, type S3Operation } from './operation-name.ts';
import { S3Error } from './s3-error.ts';
import { parseQuery, percentDecode } from './uri.ts';

/** The longest key, UTF-8 bytes. */
const keyBytesMax = 1024;

/** A request as S3 sees it: what it addresses, its parameters and headers. The body is apart. */
export class S3Request {
  readonly id: string;
  readonly method: string;
  /** The path as it was sent, still encoded, without the query. */
  readonly path: string;
  /** The parameters in order, decoded. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly query: ReadonlyMap<string, string>;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** Undefined when this server has no such operation. */
  readonly operation: S3Operation | undefined;
  #headers: NodeJS.Dict<string[]>;

  /**
   * @param domain Host names that end in `.domain` carry the bucket in front (virtual-host style).
   * Errors: S3Error (InvalidURI, KeyTooLongError).
   */
  constructor(message: IncomingMessage, id: string, domain: string) {
    this.id = id;
    this.method = message.method ?? 'GET';
    this.#headers = message.headersDistinct;
    const url = message.url ?? '/';
    const mark = url.indexOf('?');
    this.path = mark === -1 ? url : url.slice(0, mark);
    const parameters = parseQuery(mark === -1 ? '' : url.slice(mark + 1));
    if (parameters === undefined) throw new S3Error('InvalidURI');
    this.parameters = parameters;
    this.query = new Map(parameters);
    const { bucket, key } = this.#address(domain);
    this.bucket = bucket;
    this.key = key;
    const hasCopySource = this.header('x-amz-copy-source') !== undefined;
    this.operation = operationOf({ method: this.method, bucket, key, query: this.query, hasCopySource });
  }

  /** A header's value; several of one name are joined with commas. */
  header(name: string): string | undefined {
    return this.#headers[name]?.join(',');
  }

  /** From now on the request has no such header. */
  hideHeader(name: string): void {
    this.#headers = { ...this.#headers, [name]: undefined };
  }

  /** Names of all headers, lower case. */
  get headerNames(): string[] {
    return Object.keys(this.#headers);
  }

  /** The bucket, for operations that always have one. */
  get bucketName(): string {
    return this.bucket ?? '';
  }

  /** The key, for operations that always have one. */
  get keyName(): string {
    return this.key ?? '';
  }

  /** An integer parameter. Errors: S3Error (InvalidArgument) when it is none in [min, max]. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.query.get(name);
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const message = `${name} must be an integer between ${min} and ${max}`;
    throw new S3Error('InvalidArgument', { message, elements: { ArgumentName: name, ArgumentValue: text } });
  }

  #address(domain: string): { bucket: string | undefined; key: string | undefined } {
    const host = (this.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
    const bucketInHost = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : undefined;
    const path = this.path.replace(/^https?:\/\/[^/]*/, '').slice(1);
    const slash = bucketInHost === undefined ? path.indexOf('/') : -1;
    const bucketPart = bucketInHost ?? (slash === -1 ? path : path.slice(0, slash));
    const keyPart = bucketInHost === undefined ? (slash === -1 ? '' : path.slice(slash + 1)) : path;
    const bucket = percentDecode(bucketPart);
    const key = percentDecode(keyPart);
    if (bucket === undefined || key === undefined) throw new S3Error('InvalidURI');
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes > keyBytesMax) {
      throw new S3Error('KeyTooLongError', { elements: { Size: keyBytes, MaxSizeAllowed: keyBytesMax } });
    }
    return { bucket: bucket === '' ? undefined : bucket, key: key === '' ? undefined : key };
  }
}
