import type { Latency } from '@libconveyor/storage';
import type { Bandwidth } from '@libconveyor/storage/link';
import { type S3Operation, s3Operations } from '../operation-name.ts';
import type { S3ErrorCode } from '../s3-error.ts';

/**
 * What goes wrong. `bytes` counts bytes of the body concerned; default half of it.
 *
 * Slowness, which adds to what the server has anyway, and to other faults:
 * - `latency`: the answer comes later
 * - `bandwidth`: the request's bodies go no faster
 *
 * Failures:
 * - `error`: the answer is this error, `before` the request is executed (default) or `after` it was
 * - `reset`: the connection is reset `before` the request is executed, inside of its body (`request`), `after` it was
 *   executed, or inside the `answer`
 * - `truncate`: the connection is closed inside the answer's body
 * - `stall`: nothing moves until `release()`: `before` the request is executed, inside of its body (`request`), inside
 *   of the `answer`
 * - `duplicate`: the request is executed twice, as a proxy does that tries again; the client sees the `first` answer
 *   (default) or the `second`
 * - `completion-error`: 200 with an error in the body, `before` execution (default) or `after` it
 * - `whitespace`: 200 at once, `count` spaces while the server works, then the result
 *
 * Lies:
 * - `corrupt`: one bit of the `request`'s body is wrong before the server sees it, or one of the `answer`'s (default)
 * - `checksum`: the answer's checksum headers are of other bytes
 * - `whole-answer`: a range is answered with 200 and everything
 * - `short-range`: a range is answered with 206 and only its first `bytes`
 */
export type MockFault =
  | { kind: 'latency'; latencyMs: Latency }
  | { kind: 'bandwidth'; bandwidth: Bandwidth }
  | {
      kind: 'error';
      code: S3ErrorCode;
      when?: 'before' | 'after' | undefined;
      retryAfterSeconds?: number | undefined;
    }
  | { kind: 'reset'; when?: 'before' | 'request' | 'after' | 'answer' | undefined; bytes?: number | undefined }
  | { kind: 'truncate'; bytes?: number | undefined }
  | { kind: 'stall'; when?: 'before' | 'request' | 'answer' | undefined; bytes?: number | undefined }
  | { kind: 'duplicate'; answer?: 'first' | 'second' | undefined }
  | { kind: 'completion-error'; code?: S3ErrorCode | undefined; when?: 'before' | 'after' | undefined }
  | { kind: 'whitespace'; count?: number | undefined }
  | { kind: 'corrupt'; where?: 'request' | 'answer' | undefined; bytes?: number | undefined }
  | { kind: 'checksum' }
  | { kind: 'whole-answer' }
  | { kind: 'short-range'; bytes?: number | undefined };

export type MockFaultKind = MockFault['kind'];

/** When something goes wrong: all conditions that are given must hold. */
export interface MockFaultRule {
  /** Default any that the fault can strike. */
  operation?: S3Operation | readonly S3Operation[] | undefined;
  bucket?: string | undefined;
  /** The key itself. */
  key?: string | undefined;
  /** A regular expression that the key matches. */
  keyPattern?: string | undefined;
  /** Of the requests that match so far, only this one, counted from 1. */
  nth?: number | undefined;
  /** Of the requests that match so far, each one with this probability, 0 to 1. */
  probability?: number | undefined;
  /** How often the rule strikes at most. Default: no limit. */
  times?: number | undefined;
  fault: MockFault;
}

/**
 * Rules in order of precedence. For each request the first `latency`, the first `bandwidth` and the first other fault
 * that strike are those that happen. A rule counts only requests that its fault can strike.
 */
export type MockFaultPlan = readonly MockFaultRule[];

const withRequestBody: readonly S3Operation[] = ['PutObject', 'UploadPart', 'DeleteObjects', 'CompleteMultipartUpload'];
const withoutAnswerBody: readonly S3Operation[] = [
  'CreateBucket',
  'DeleteBucket',
  'HeadBucket',
  'HeadObject',
  'PutObject',
  'DeleteObject',
  'UploadPart',
  'AbortMultipartUpload',
];
const withAnswerBody = s3Operations.filter((operation) => !withoutAnswerBody.includes(operation));
const answeredLate: readonly S3Operation[] = ['CompleteMultipartUpload', 'CopyObject', 'UploadPartCopy'];

/** The operations that a fault can strike. */
export function strikable(fault: MockFault): readonly S3Operation[] {
  switch (fault.kind) {
    case 'reset':
    case 'stall':
      if (fault.when === 'request') return withRequestBody;
      return fault.when === 'answer' ? withAnswerBody : s3Operations;
    case 'truncate':
      return withAnswerBody;
    case 'corrupt':
      return fault.where === 'request' ? withRequestBody : withAnswerBody;
    case 'completion-error':
    case 'whitespace':
      return answeredLate;
    case 'checksum':
      return ['GetObject', 'HeadObject'];
    case 'whole-answer':
    case 'short-range':
      return ['GetObject'];
    default:
      return s3Operations;
  }
}
