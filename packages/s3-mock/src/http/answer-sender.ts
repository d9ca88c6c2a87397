import type { ServerResponse } from 'node:http';
import type { Route } from '@libconveyor/storage/link';
import { faultyBytes, strikesInside } from '../faults/faulty-answer.ts';
import type { MockFault } from '../faults/mock-fault.ts';
import type { Answer } from '../operations/call.ts';
import type { StatisticsCounter } from '../statistics.ts';
import { flushed, sever } from './severed.ts';

export interface SendSettings {
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly isHead: boolean;
  readonly route: Route;
  readonly statistics: StatisticsCounter;
  readonly fault: MockFault | undefined;
  /** Waits for the release of a stalled answer. */
  stall(): Promise<void>;
}

/** Sends an answer: at the pace of its route, and only so far as its fault lets it. */
export async function sendAnswer(answer: Answer, settings: SendSettings): Promise<void> {
  const { status, headers, body } = answer;
  const { response, requestId, isHead, route, statistics, fault } = settings;
  statistics.countStatus(status);
  response.writeHead(status, { ...fixedHeaders(answer, requestId, isHead), ...headers });
  if (body === undefined || isHead) {
    if (typeof body === 'object') body.release();
    response.end();
    return;
  }
  const isPlain = !strikesInside(fault) && route.pieceLength === Number.POSITIVE_INFINITY;
  if (typeof body === 'string' && isPlain) {
    statistics.bytesSent += Buffer.byteLength(body);
    response.end(body);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : undefined;
  try {
    const whole = typeof body === 'string' ? asIterable(bytes ?? Buffer.alloc(0)) : body.read();
    const length = bytes?.length ?? (body as { length: number }).length;
    const socket = response.socket;
    const ends = {
      stall: () => settings.stall(),
      sever: async (how: 'reset' | 'close') => {
        await flushed(socket);
        return sever(socket, how);
      },
    };
    const pieces = strikesInside(fault) ? faultyBytes(whole, length, fault, ends) : whole;
    for await (const piece of pieces) {
      if (response.destroyed) return;
      await sendPiece(piece, settings);
    }
    response.end();
  } finally {
    if (typeof body === 'object') body.release();
  }
}

async function sendPiece(piece: Buffer, { response, route, statistics }: SendSettings): Promise<void> {
  for (let start = 0; start < piece.length; start += route.pieceLength) {
    const bytes = route.pieceLength < piece.length ? piece.subarray(start, start + route.pieceLength) : piece;
    const wait = route.carry(bytes.length);
    if (wait !== undefined) await wait;
    statistics.bytesSent += bytes.length;
    if (!response.write(bytes)) await drained(response);
    if (response.destroyed) return;
  }
}

async function* asIterable(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

function fixedHeaders({ status, body }: Answer, requestId: string, isHead: boolean): Record<string, string> {
  const fixed = { 'x-amz-request-id': requestId, 'x-amz-id-2': 's3-mock', server: 's3-mock' };
  if (status === 204 || status === 304 || (body === undefined && isHead)) return fixed;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0);
  return { ...fixed, 'content-length': String(length) };
}

/** Resolves when a response takes more, or will take nothing any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    if (response.destroyed) done();
  });
}
