import { ReadableStream, WritableStream } from 'node:stream/web';
import { requireBoolean, requireInteger, requireOptions } from '@libconveyor/errors';
import type { ConveyorFileHandle } from './file-handle.ts';

/** Options of `readableWebStream`. */
export interface ReadableWebStreamOptions {
  /** Closes the handle when the stream has been read to its end or is cancelled. Default false. */
  autoClose?: boolean | undefined;
}

/** Options of `writableWebStream`. */
export interface WritableWebStreamOptions {
  /** First byte, from 0. Default: the cursor, which then moves along. */
  start?: number | undefined;
  /** Closes the handle when the stream is closed or aborted. Default false. */
  autoClose?: boolean | undefined;
}

const chunkBytes = 65_536;

/** From the cursor to the end of file, as a byte stream (BYOB readers welcome). */
export function readableWebStream(handle: ConveyorFileHandle, options: ReadableWebStreamOptions = {}): ReadableStream {
  requireOptions('options', options, ['autoClose']);
  const { autoClose = false } = options;
  requireBoolean('options.autoClose', autoClose);
  const end = async (): Promise<void> => {
    if (autoClose) await handle.close();
  };
  return new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: chunkBytes,
    async pull(controller) {
      const request = controller.byobRequest;
      const view = request?.view;
      if (request === null || request === undefined || view === null || view === undefined) return;
      const { bytesRead } = await handle.read(view as Uint8Array);
      if (bytesRead === 0) {
        await end();
        controller.close();
      }
      request.respond(bytesRead);
    },
    cancel: end,
  });
}

/** Writes from the cursor or `start` on; closing it waits until everything has landed. */
export function writableWebStream(handle: ConveyorFileHandle, options: WritableWebStreamOptions = {}): WritableStream {
  requireOptions('options', options, ['start', 'autoClose']);
  const { start, autoClose = false } = options;
  if (start !== undefined) requireInteger('options.start', start, 0);
  requireBoolean('options.autoClose', autoClose);
  let position = start;
  return new WritableStream<string | NodeJS.ArrayBufferView | ArrayBuffer>({
    async write(chunk) {
      const bytes = viewOf(chunk);
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await handle.write(bytes, done, null, position ?? null);
        done += bytesWritten;
        if (position !== undefined) position += bytesWritten;
      }
    },
    async close() {
      await handle.flush();
      if (autoClose) await handle.close();
    },
    async abort() {
      if (autoClose) await handle.close();
    },
  });
}

function viewOf(chunk: string | NodeJS.ArrayBufferView | ArrayBuffer): NodeJS.ArrayBufferView {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  return chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk;
}
