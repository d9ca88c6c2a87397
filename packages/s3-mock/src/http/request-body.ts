import type { IncomingMessage } from 'node:http';
import type { Identity } from '../auth/authenticate.ts';
import { ChunkedBody } from '../auth/chunked-body.ts';
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  createHasher,
  digestLengths,
  type Hasher,
  parseAlgorithm,
} from '../checksums/algorithms.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';

/** Where a body goes while it arrives. */
export type BodySink = (bytes: Buffer) => Promise<void> | undefined;

export interface ReceiveOptions {
  readonly sink: BodySink;
  /** Wants the MD5 of the body. */
  readonly md5: boolean;
  /** Wants this checksum although the request does not bring it. */
  readonly algorithm?: ChecksumAlgorithm | undefined;
  /** The checksum headers are about something else than this body (CompleteMultipartUpload). */
  readonly ignoresChecksums?: boolean;
}

/** What arrived, and what was computed on the way. */
export interface ReceivedBody {
  readonly length: number;
  readonly md5: Buffer | undefined;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

/** What the headers announce about the checksum of a body. */
interface Announced {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; undefined when it follows in the trailer. */
  readonly value: string | undefined;
}

/** Between the socket and the sink: pacing, faults, counting. */
export interface BodyTap {
  /** Called before anything is read: lets a client go on that waits for `100 Continue`. */
  begin(): Promise<void> | undefined;
  /** Bytes as they arrived. A promise when reading must wait; throws when the connection is to end. */
  arrived(bytes: Buffer): Promise<unknown> | undefined;
}

const sha256Pattern = /^[0-9a-f]{64}$/;

/** The body of a request: decoded, verified, and handed on piece by piece. */
export class RequestBody {
  readonly #message: IncomingMessage;
  readonly #request: S3Request;
  readonly #identity: Identity | undefined;
  readonly #tap: BodyTap;
  #text: string | undefined;

  constructor(message: IncomingMessage, request: S3Request, identity: Identity | undefined, tap: BodyTap) {
    this.#message = message;
    this.#request = request;
    this.#identity = identity;
    this.#tap = tap;
  }

  /** Payload bytes as announced. Errors: S3Error (MissingContentLength). */
  get announcedLength(): number {
    const text = this.#request.header('x-amz-decoded-content-length') ?? this.#request.header('content-length');
    if (text === undefined || !/^\d+$/.test(text)) throw new S3Error('MissingContentLength');
    return Number(text);
  }

  /** The algorithm whose checksum the request brings, in a header or a trailer. */
  get checksumAlgorithm(): ChecksumAlgorithm | undefined {
    return this.#announcedChecksum()?.algorithm;
  }

  /**
   * Takes the whole body in. Errors: S3Error for what does not match: XAmzContentSHA256Mismatch, SignatureDoesNotMatch
   * (chunks), BadDigest, IncompleteBody; what the socket says when it breaks.
   */
  async receive(options: ReceiveOptions): Promise<ReceivedBody> {
    const { sink, md5, algorithm, ignoresChecksums = false } = options;
    const announcedLength = this.announcedLength;
    const announced = ignoresChecksums ? undefined : this.#announcedChecksum();
    const contentMd5 = this.#contentMd5();
    const payloadHash = this.#identity?.payloadHash ?? this.#request.header('x-amz-content-sha256') ?? '';
    const chunked = this.#chunkedBody(payloadHash);
    const sha256 = sha256Pattern.test(payloadHash) ? createHasher('sha256') : undefined;
    const wanted = announced?.algorithm ?? algorithm;
    const checksum = wanted === undefined ? undefined : createHasher(wanted);
    const md5Hasher = md5 || contentMd5 !== undefined ? createHasher('md5') : undefined;
    const hashers = [sha256, checksum, md5Hasher].filter((hasher): hasher is Hasher => hasher !== undefined);

    let length = 0;
    for await (const bytes of this.#arriving()) {
      for (const piece of chunked?.push(bytes) ?? [bytes]) {
        for (const hasher of hashers) hasher.update(piece);
        length += piece.length;
        const written = sink(piece);
        if (written !== undefined) await written;
      }
    }
    chunked?.finish();
    if (length !== announcedLength) throw new S3Error('IncompleteBody');
    if (sha256 !== undefined) requireSha256(payloadHash, sha256.digest().toString('hex'));
    const digest = checksum?.digest();
    if (announced !== undefined && digest !== undefined) this.#requireChecksum(announced, digest, chunked?.trailers);
    const md5Digest = md5Hasher?.digest();
    if (contentMd5 !== undefined && md5Digest !== undefined && !contentMd5.equals(md5Digest)) {
      throw new S3Error('BadDigest', { message: 'The Content-MD5 you specified did not match what we received.' });
    }
    const has = wanted !== undefined && digest !== undefined;
    return { length, md5: md5Digest, checksum: has ? { algorithm: wanted, digest } : undefined };
  }

  /** The body as text, the same again when asked again. Errors: S3Error (MalformedXML) beyond `lengthMax`. */
  async receiveText(lengthMax: number, ignoresChecksums = false): Promise<string> {
    if (this.#text !== undefined) return this.#text;
    const pieces: Buffer[] = [];
    let length = 0;
    const sink = (bytes: Buffer): undefined => {
      length += bytes.length;
      if (length > lengthMax) throw new S3Error('MalformedXML');
      pieces.push(bytes);
    };
    if (
      this.#request.header('content-length') === undefined &&
      this.#message.headers['transfer-encoding'] === undefined
    ) {
      return '';
    }
    await this.receive({ sink, md5: false, ignoresChecksums });
    this.#text = Buffer.concat(pieces).toString('utf8');
    return this.#text;
  }

  async *#arriving(): AsyncGenerator<Buffer, void, undefined> {
    const ready = this.#tap.begin();
    if (ready !== undefined) await ready;
    // A body that is refused half-way is read to its end later, so that the client sees why.
    for await (const bytes of this.#message.iterator({ destroyOnReturn: false })) {
      const wait = this.#tap.arrived(bytes);
      if (wait !== undefined) await wait;
      yield bytes;
    }
  }

  #chunkedBody(payloadHash: string): ChunkedBody | undefined {
    if (!payloadHash.startsWith('STREAMING-')) {
      if (payloadHash === '' || payloadHash === 'UNSIGNED-PAYLOAD' || sha256Pattern.test(payloadHash)) return undefined;
      const message =
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
        'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.';
      throw new S3Error('InvalidArgument', { message });
    }
    if (this.#request.header('x-amz-decoded-content-length') === undefined) throw new S3Error('MissingContentLength');
    const hasTrailer = payloadHash.endsWith('-TRAILER');
    if (payloadHash === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return new ChunkedBody(undefined, hasTrailer);
    if (!/^STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?$/.test(payloadHash)) throw new S3Error('NotImplemented');
    if (this.#identity === undefined) throw new S3Error('AccessDenied');
    return new ChunkedBody(this.#identity.seed, hasTrailer);
  }

  #announcedChecksum(): Announced | undefined {
    const found: Announced[] = [];
    for (const algorithm of checksumAlgorithms) {
      const name = `x-amz-checksum-${algorithm}`;
      const value = this.#request.header(name);
      if (value !== undefined) {
        requireDigest(name, algorithm, value);
        found.push({ algorithm, value });
      }
      const trailer = this.#request.header('x-amz-trailer')?.toLowerCase() ?? '';
      if (trailer.split(',').some((one) => one.trim() === name)) found.push({ algorithm, value: undefined });
    }
    if (found.length > 1) {
      const message = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.';
      throw new S3Error('InvalidRequest', { message });
    }
    const named = this.#request.header('x-amz-sdk-checksum-algorithm');
    const [only] = found;
    if (named !== undefined && only === undefined) {
      const message =
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer ' +
        'headers were found.';
      throw new S3Error('InvalidRequest', { message });
    }
    if (named !== undefined && only !== undefined && parseAlgorithm(named) !== only.algorithm) {
      throw new S3Error('InvalidRequest', { message: 'Value for x-amz-sdk-checksum-algorithm header is invalid.' });
    }
    return only;
  }

  #requireChecksum(announced: Announced, digest: Buffer, trailers: ReadonlyMap<string, string> | undefined): void {
    const name = `x-amz-checksum-${announced.algorithm}`;
    const value = announced.value ?? trailers?.get(name);
    if (value === undefined) throw new S3Error('MalformedTrailerError');
    requireDigest(name, announced.algorithm, value);
    if (value === digest.toString('base64')) return;
    const words = announced.algorithm.toUpperCase();
    throw new S3Error('BadDigest', { message: `The ${words} you specified did not match the calculated checksum.` });
  }

  #contentMd5(): Buffer | undefined {
    const text = this.#request.header('content-md5');
    if (text === undefined) return undefined;
    const digest = Buffer.from(text, 'base64');
    if (digest.length !== 16) throw new S3Error('InvalidDigest', { elements: { 'Content-MD5': text } });
    return digest;
  }
}

function requireSha256(announced: string, computed: string): void {
  if (announced === computed) return;
  const elements = { ClientComputedContentSHA256: announced, S3ComputedContentSHA256: computed };
  throw new S3Error('XAmzContentSHA256Mismatch', { elements });
}

function requireDigest(name: string, algorithm: ChecksumAlgorithm, value: string): void {
  const digest = Buffer.from(value, 'base64');
  if (digest.length === digestLengths[algorithm] && digest.toString('base64') === value) return;
  throw new S3Error('InvalidRequest', { message: `Value for ${name} header is invalid.` });
}
