import { argumentTypeError, ConveyorError } from '@libconveyor/errors';
import type { Source, SourceAnswer } from '../source.ts';
import { origin } from '../temp-file.ts';

/** Bytes in order, once: a Node stream, a Web stream, a generator. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStreamLike;

/** What is needed of a `ReadableStream`, wherever it comes from. */
interface ReadableStreamLike {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** Options of {@link streamSource}. */
export interface StreamSourceOptions {
  /** For messages. Default: `stream`. */
  readonly name?: string | undefined;
  /** See {@link Source.key}; makes sense only with a function that gives the same bytes each time. */
  readonly key?: string | undefined;
  /** Length in bytes, where it is known. A stream that ends elsewhere has failed. */
  readonly size?: number | undefined;
}

/**
 * A stream of bytes as a source. It knows no ranges: readers wait until their bytes come by.
 *
 * @param stream The stream, which can be read once; or a function that opens it, so that `retry` can begin anew. What
 *   comes a second time is compared with what came first. Errors: TypeError for anything else.
 */
export function streamSource(
  stream: ByteStream | (() => ByteStream | Promise<ByteStream>),
  options: StreamSourceOptions = {},
): Source {
  const isOpener = typeof stream === 'function';
  if (!isOpener) requireStream(stream);
  const { name = 'stream', key, size } = options;
  let isUsed = false;
  return {
    name,
    key,
    async open(_range, signal): Promise<SourceAnswer> {
      if (!isOpener && isUsed) {
        const detail = 'a stream is read once; a function that opens it can be called again';
        throw new ConveyorError('ESPIPE', { origin, operation: 'open', path: name, detail });
      }
      isUsed = true;
      const opened = isOpener ? await stream() : stream;
      requireStream(opened);
      const body = 'getReader' in opened ? webBody(opened, signal) : nodeBody(opened, signal);
      return { begin: 0, end: size, size, isRanged: false, body };
    },
  };
}

function requireStream(stream: unknown): asserts stream is ByteStream {
  const candidate = stream as Partial<ReadableStreamLike & AsyncIterable<Uint8Array>> | null | undefined;
  if (typeof candidate?.getReader === 'function' || typeof candidate?.[Symbol.asyncIterator] === 'function') return;
  throw argumentTypeError('stream', 'a stream of bytes, or a function that opens one', stream);
}

/** A Node stream is destroyed with the request, also when nobody reads it at that moment. */
function nodeBody(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const { destroy } = stream as { destroy?: unknown };
  if (typeof destroy === 'function') {
    const node = stream as unknown as { destroy(): void; on(name: 'error', listener: () => void): void };
    node.on('error', () => undefined); // one that fails while nobody reads it
    signal.addEventListener('abort', () => node.destroy(), { once: true });
  }
  return stream;
}

async function* webBody(stream: ReadableStreamLike, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (piece.value !== undefined) yield piece.value;
  }
}
