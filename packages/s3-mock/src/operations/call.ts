import type { RequestBody } from '../http/request-body.ts';
import type { S3Request } from '../s3-request.ts';
import type { BlobStore } from '../store/blob.ts';
import type { Bucket } from '../store/bucket.ts';
import type { Catalog } from '../store/catalog.ts';
import type { StoredBody } from './storing.ts';

/** What operations share: the state of the server, and how it answers. */
export interface ServerState {
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  /** Where the server says that it is. */
  readonly region: string;
  /** ETags are MD5 digests, or random as those of encrypted objects are. */
  readonly etag: 'md5' | 'random';
  /** Smallest part but the last, bytes. */
  readonly partLengthMin: number;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** So many random bytes, hexadecimal, by the seed. */
  randomHex(bytes: number): string;
}

/** One request being served. */
export interface Call {
  readonly request: S3Request;
  readonly body: RequestBody;
  readonly server: ServerState;
  /** The bucket that the request addresses. Errors: S3Error (NoSuchBucket). */
  readonly bucket: Bucket;
  /** There when the request is executed twice: what the first execution leaves for the second. */
  readonly replay?: Replay | undefined;
}

/** The body of a request that is executed twice. */
export interface Replay {
  stored: StoredBody | undefined;
}

/** Bytes of an object on their way out; {@link release} when they are sent or not wanted. */
export interface AnswerBody {
  readonly length: number;
  read(): AsyncIterable<Buffer>;
  release(): void;
}

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A document, or bytes of an object; none for HEAD, which still says the length in its headers. */
  readonly body?: string | AnswerBody | undefined;
}

export type Operation = (call: Call) => Promise<Answer>;

/** 200 with a document. */
export function documentAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}
