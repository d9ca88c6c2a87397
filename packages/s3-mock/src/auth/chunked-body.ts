import { createHash, type Hash } from 'node:crypto';
import { S3Error } from '../s3-error.ts';
import { sameText } from './authenticate.ts';
import { emptySha256, sha256Hex, sign } from './signature-v4.ts';

/** How the chunks of a body are signed: with what, and after which signature. */
export interface ChunkSeed {
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
}

const lineLengthMax = 4096;
const trailersMax = 16;

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'end';

/**
 * Takes an `aws-chunked` body apart while it arrives, verifying each chunk's signature before the next one begins.
 * (AWS: "Signature calculations for the authorization header: transferring payload in multiple chunks".)
 */
export class ChunkedBody {
  readonly #seed: ChunkSeed | undefined;
  readonly #hasTrailer: boolean;
  #state: State = 'size';
  #line = '';
  #remaining = 0;
  #chunkSignature = '';
  #previousSignature: string;
  #hash: Hash | undefined;
  #isLast = false;
  #trailerText = '';
  readonly #trailers = new Map<string, string>();

  /** @param seed Undefined when chunks are not signed (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`). */
  constructor(seed: ChunkSeed | undefined, hasTrailer: boolean) {
    this.#seed = seed;
    this.#hasTrailer = hasTrailer;
    this.#previousSignature = seed?.signature ?? '';
  }

  /** Headers that followed the body; complete after {@link finish}. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers;
  }

  /** The payload in the next bytes of the body. Errors: S3Error for wrong signatures and framing. */
  push(bytes: Buffer): Buffer[] {
    const payload: Buffer[] = [];
    let position = 0;
    while (position < bytes.length) {
      if (this.#state === 'data') {
        const piece = bytes.subarray(position, position + this.#remaining);
        position += piece.length;
        this.#remaining -= piece.length;
        this.#hash?.update(piece);
        payload.push(piece);
        if (this.#remaining === 0) this.#state = 'data-end';
        continue;
      }
      const newline = bytes.indexOf(10, position);
      const end = newline === -1 ? bytes.length : newline;
      this.#line += bytes.toString('latin1', position, end);
      position = end + 1;
      if (this.#line.length > lineLengthMax) throw malformed('a line of the chunked body is too long');
      if (newline === -1) break;
      const line = this.#line.replace(/\r$/, '');
      this.#line = '';
      this.#takeLine(line);
    }
    return payload;
  }

  /** Requires: every byte has been pushed. Errors: S3Error (IncompleteBody) when the last chunk is missing. */
  finish(): void {
    // Some clients leave out the empty line after the last chunk or trailer.
    if (this.#state === 'trailer' && this.#line === '') this.#endOfTrailers();
    if (this.#state !== 'end') throw new S3Error('IncompleteBody');
  }

  #takeLine(line: string): void {
    switch (this.#state) {
      case 'size':
        this.#beginChunk(line);
        break;
      case 'data-end':
        if (line !== '') throw malformed('a chunk is longer than its announced size');
        this.#endChunk();
        this.#state = 'size';
        break;
      case 'trailer':
        if (line === '') this.#endOfTrailers();
        else this.#takeTrailer(line);
        break;
      default:
        if (line !== '') throw malformed('the body goes on after its end');
    }
  }

  #beginChunk(line: string): void {
    const [, size, signature] = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
    if (size === undefined) throw malformed('a chunk has no size');
    if (this.#seed !== undefined && signature === undefined) throw new S3Error('SignatureDoesNotMatch');
    this.#remaining = Number.parseInt(size, 16);
    this.#chunkSignature = signature ?? '';
    this.#isLast = this.#remaining === 0;
    this.#hash = this.#seed === undefined ? undefined : createHash('sha256');
    if (!this.#isLast) {
      this.#state = 'data';
      return;
    }
    this.#endChunk();
    this.#state = 'trailer';
  }

  #endChunk(): void {
    const seed = this.#seed;
    if (seed === undefined || this.#hash === undefined) return;
    const digest = this.#hash.digest('hex');
    this.#hash = undefined;
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [emptySha256, digest], this.#chunkSignature);
  }

  #verify(algorithm: string, digests: string[], signature: string): void {
    const seed = this.#seed;
    if (seed === undefined) return;
    const text = [algorithm, seed.timestamp, seed.scope, this.#previousSignature, ...digests].join('\n');
    if (!sameText(sign(seed.key, text), signature)) {
      throw new S3Error('SignatureDoesNotMatch', { elements: { StringToSign: text, SignatureProvided: signature } });
    }
    this.#previousSignature = signature;
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':');
    if (!this.#hasTrailer || colon < 1 || this.#trailers.size >= trailersMax) {
      throw new S3Error('MalformedTrailerError');
    }
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name !== 'x-amz-trailer-signature') this.#trailerText += `${name}:${value}\n`;
    this.#trailers.set(name, value);
  }

  #endOfTrailers(): void {
    this.#state = 'end';
    if (!this.#hasTrailer || this.#seed === undefined) return;
    const signature = this.#trailers.get('x-amz-trailer-signature');
    if (signature === undefined) throw new S3Error('SignatureDoesNotMatch');
    this.#verify('AWS4-HMAC-SHA256-TRAILER', [sha256Hex(this.#trailerText)], signature);
  }
}

function malformed(reason: string): S3Error {
  return new S3Error('IncompleteBody', { message: `The request body is not well-formed: ${reason}` });
}
