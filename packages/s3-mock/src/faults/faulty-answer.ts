import type { Answer, AnswerBody } from '../operations/call.ts';
import type { MockFault } from './mock-fault.ts';

/** What a fault in the middle of an answer does to the connection. */
export interface AnswerEnds {
  stall(): Promise<void>;
  /** Ends the connection; what was written before still goes out. */
  sever(how: 'reset' | 'close'): Promise<never>;
}

/** An answer with what a fault makes of its headers and its length. */
export function distort(answer: Answer, fault: MockFault | undefined): Answer {
  if (fault?.kind === 'checksum') return { ...answer, headers: wrongChecksums(answer.headers) };
  if (fault?.kind === 'short-range') return shortened(answer, fault.bytes);
  return answer;
}

function wrongChecksums(headers: Answer['headers']): Answer['headers'] {
  const wrong = Object.entries(headers).map(([name, value]) => {
    if (!name.startsWith('x-amz-checksum-') || name === 'x-amz-checksum-type') return [name, value];
    const digest = Buffer.from(value, 'base64');
    digest[0] = (digest[0] ?? 0) ^ 1;
    return [name, digest.toString('base64')];
  });
  return Object.fromEntries(wrong);
}

function shortened(answer: Answer, bytes: number | undefined): Answer {
  const { status, headers, body } = answer;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (status !== 206 || typeof body !== 'object' || start === undefined) return answer;
  const length = Math.max(1, Math.min(bytes ?? Math.floor(body.length / 2), body.length));
  const contentRange = `bytes ${start}-${Number(start) + length - 1}/${total}`;
  const short: AnswerBody = { length, read: () => firstBytes(body.read(), length), release: () => body.release() };
  return {
    status,
    headers: { ...headers, 'content-range': contentRange, 'content-length': String(length) },
    body: short,
  };
}

async function* firstBytes(pieces: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer, void, undefined> {
  let left = length;
  for await (const piece of pieces) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}

/** Whether a fault strikes inside of the bytes of an answer. */
export function strikesInside(fault: MockFault | undefined): fault is MockFault {
  if (fault === undefined) return false;
  if (fault.kind === 'corrupt') return fault.where !== 'request';
  return fault.kind === 'truncate' || ('when' in fault && fault.when === 'answer');
}

/** The bytes of an answer until the fault strikes, and what is left of them then. */
export async function* faultyBytes(
  pieces: AsyncIterable<Buffer>,
  length: number,
  fault: MockFault,
  ends: AnswerEnds,
): AsyncGenerator<Buffer, void, undefined> {
  const bytes = 'bytes' in fault ? fault.bytes : undefined;
  const strikesAt = Math.min(bytes ?? Math.floor(length / 2), Math.max(0, length - 1));
  let position = 0;
  for await (const piece of pieces) {
    const cut = strikesAt - position;
    position += piece.length;
    if (cut < 0 || cut >= piece.length) {
      yield piece;
      continue;
    }
    if (fault.kind === 'corrupt') {
      yield flipped(piece, cut);
      continue;
    }
    if (cut > 0) yield piece.subarray(0, cut);
    if (fault.kind === 'stall') await ends.stall();
    else await ends.sever(fault.kind === 'reset' ? 'reset' : 'close');
    yield piece.subarray(cut);
  }
}

/** A copy with one bit changed: the bytes of an object are shared. */
function flipped(piece: Buffer, index: number): Buffer {
  const copy = Buffer.from(piece);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
