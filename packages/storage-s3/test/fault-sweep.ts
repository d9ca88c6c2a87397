import type { MockFault, S3Operation } from '@libconveyor/s3-mock';

/** One fault at one request. */
export interface Strike {
  readonly operation: S3Operation;
  /** Of the operation's requests, counted from 1. */
  readonly nth: number;
  readonly fault: MockFault;
}

/** Every fault that a request can have. */
const faults: readonly MockFault[] = [
  { kind: 'error', code: 'SlowDown' },
  { kind: 'error', code: 'InternalError' },
  { kind: 'error', code: 'InternalError', when: 'after' },
  { kind: 'error', code: 'AccessDenied' },
  { kind: 'error', code: 'SlowDown', retryAfterSeconds: 0 },
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'request' },
  { kind: 'reset', when: 'after' },
  { kind: 'reset', when: 'answer' },
  { kind: 'truncate' },
  { kind: 'truncate', bytes: 0 },
  { kind: 'stall', when: 'before' },
  { kind: 'stall', when: 'request' },
  { kind: 'stall', when: 'answer' },
  { kind: 'duplicate', answer: 'first' },
  { kind: 'duplicate', answer: 'second' },
  { kind: 'completion-error' },
  { kind: 'completion-error', when: 'after' },
  { kind: 'whitespace' },
  { kind: 'corrupt', where: 'request' },
  { kind: 'corrupt', where: 'answer' },
  { kind: 'checksum' },
  { kind: 'whole-answer' },
  { kind: 'short-range' },
  { kind: 'latency', latencyMs: 5 },
];

const withRequestBody: readonly S3Operation[] = ['PutObject', 'UploadPart', 'CompleteMultipartUpload'];
const withoutAnswerBody: readonly S3Operation[] = [
  'HeadObject',
  'PutObject',
  'DeleteObject',
  'UploadPart',
  'AbortMultipartUpload',
];
const answeredLate: readonly S3Operation[] = ['CompleteMultipartUpload', 'UploadPartCopy', 'CopyObject'];

/** Every fault at every request of a run. @param counts Requests that a run without faults makes. */
export function strikes(counts: Readonly<Partial<Record<string, number>>>): Strike[] {
  return Object.entries(counts).flatMap(([name, count = 0]) =>
    faults
      .filter((fault) => canStrike(fault, name as S3Operation))
      .flatMap((fault) => {
        return Array.from({ length: count }, (_, index) => ({ operation: name as S3Operation, nth: index + 1, fault }));
      }),
  );
}

/** How a strike is called in a failure. */
export function nameOf({ operation, nth, fault }: Strike): string {
  const { kind, ...rest } = fault;
  return `${kind} ${JSON.stringify(rest)} at ${operation} ${nth}`;
}

function canStrike(fault: MockFault, operation: S3Operation): boolean {
  const isInRequest = 'when' in fault ? fault.when === 'request' : 'where' in fault && fault.where === 'request';
  const isInAnswer = 'when' in fault ? fault.when === 'answer' : 'where' in fault && fault.where === 'answer';
  if (isInRequest) return withRequestBody.includes(operation);
  if (isInAnswer || fault.kind === 'truncate') return !withoutAnswerBody.includes(operation);
  if (fault.kind === 'completion-error' || fault.kind === 'whitespace') return answeredLate.includes(operation);
  if (fault.kind === 'checksum') return operation === 'GetObject' || operation === 'HeadObject';
  if (fault.kind === 'whole-answer' || fault.kind === 'short-range') return operation === 'GetObject';
  return true;
}
