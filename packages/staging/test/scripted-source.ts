import { withDeadline } from '@libconveyor/testkit';
import { expect } from 'vitest';
import type { Source, SourceAnswer, SourceRange } from '../src/index.ts';

/** What a {@link ScriptedSource} does. */
export interface Script {
  readonly name?: string;
  readonly key?: string | undefined;
  /** Announced size; `unknown`: none. Default: the length of the content. */
  readonly size?: number | 'unknown';
  /** Default true. */
  readonly isRanged?: boolean;
  readonly pieceBytes?: number;
  /** Called before each piece with its offset and the number of its request; the piece waits for what it returns. */
  readonly beforePiece?: (offset: number, request: SourceRequestSeen) => Promise<void> | undefined;
  /** Called before each answer; throws to refuse. */
  readonly beforeAnswer?: (request: SourceRequestSeen) => Promise<void> | undefined;
  /** Where bodies end, whatever was announced. */
  readonly bodyEnd?: number;
  /** What `close` does. */
  readonly onClose?: () => Promise<void>;
  /** Default true: a signal ends what the source waits for. */
  readonly listens?: boolean;
}

/** A request that a source has got. */
export interface SourceRequestSeen extends SourceRange {
  readonly index: number;
  readonly signal: AbortSignal;
}

/** A source of known bytes that does what a test tells it to, and counts what is asked of it. */
export class ScriptedSource implements Source {
  readonly name: string;
  readonly key: string | undefined;
  readonly content: Uint8Array;
  readonly requests: SourceRequestSeen[] = [];
  closes = 0;
  bytesSent = 0;
  readonly #script: Script;

  constructor(content: Uint8Array, script: Script = {}) {
    this.content = content;
    this.#script = script;
    this.name = script.name ?? 'scripted';
    this.key = script.key;
  }

  async open(range: SourceRange, signal: AbortSignal): Promise<SourceAnswer> {
    const { size, isRanged = true, beforeAnswer } = this.#script;
    const request = { ...range, index: this.requests.length, signal };
    this.requests.push(request);
    await this.#unlessStopped(beforeAnswer?.(request), signal);
    const announced = size === 'unknown' ? undefined : (size ?? this.content.byteLength);
    const begin = isRanged ? range.begin : 0;
    const end = announced === undefined ? undefined : Math.min(range.end ?? announced, announced);
    return { begin, end, size: announced, isRanged, body: this.#body(begin, end, request) };
  }

  async close(): Promise<void> {
    this.closes++;
    await this.#script.onClose?.();
  }

  async *#body(
    begin: number,
    announced: number | undefined,
    request: SourceRequestSeen,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { pieceBytes = 64 * 1024, beforePiece, bodyEnd, isRanged = true } = this.#script;
    const asked = isRanged ? (request.end ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    const end = bodyEnd ?? Math.min(this.content.byteLength, announced ?? Number.POSITIVE_INFINITY, asked);
    for (let offset = begin; offset < end; offset += pieceBytes) {
      await this.#unlessStopped(beforePiece?.(offset, request), request.signal);
      const piece = this.content.slice(offset, Math.min(end, offset + pieceBytes));
      this.bytesSent += piece.byteLength;
      yield piece;
    }
    await this.#unlessStopped(beforePiece?.(end, request), request.signal);
  }

  #unlessStopped(waiting: Promise<void> | undefined, signal: AbortSignal): Promise<void> | undefined {
    if (this.#script.listens === false || waiting === undefined) return waiting;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }
}

/** A wait that never ends by itself. */
export function never(): Promise<void> {
  return new Promise(() => undefined);
}

/** Reads `length` bytes at `offset`, all or up to the end. */
export async function readBytes(
  file: { readAt(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> },
  offset: number,
  length: number,
  what = `bytes ${offset} to ${offset + length}`,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const count = await withDeadline(file.readAt(buffer, offset), what);
  return buffer.subarray(0, count);
}

/** Requires the same bytes. (vitest's own comparison looks at large buffers byte by byte, which takes seconds.) */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, where = ''): void {
  expect(actual.byteLength, where).toBe(expected.byteLength);
  const differs = Buffer.compare(actual, expected) !== 0;
  expect(differs ? actual.findIndex((byte, index) => byte !== expected[index]) : undefined, where).toBeUndefined();
}
