import { constants } from 'node:fs';
import { ConveyorError, requireInteger } from '@libconveyor/errors';
import { origin } from './error-map.ts';

/** Offsets, lengths and memory addresses of I/O on files opened with O_DIRECT are multiples of this. */
export const directIoBytes = 4096;

const wasmPageBytes = 64 * 1024;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Whether these flags ask for I/O past the page cache. */
export function isDirect(flags: number): boolean {
  return constants.O_DIRECT !== undefined && (flags & constants.O_DIRECT) !== 0;
}

/**
 * Memory that O_DIRECT takes. Each call reserves address space of its own (up to several GiB, of which only `length`
 * bytes are backed), so allocate once and reuse.
 */
export function alignedBuffer(length: number): Uint8Array {
  requireInteger('length', length, 1, 2 ** 31);
  // JavaScript does not know the addresses of its buffers, but a WebAssembly memory begins on a page.
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: new (size: { initial: number }) => WasmMemory };
  };
  const memory = new WebAssembly.Memory({ initial: Math.ceil(length / wasmPageBytes) });
  return new Uint8Array(memory.buffer, 0, length);
}

/** Refuses I/O that the kernel would refuse with less to say. Errors: EINVAL. */
export function requireAligned(operation: string, path: string, offset: number, length: number): void {
  if (offset % directIoBytes === 0 && length % directIoBytes === 0) return;
  const detail = `O_DIRECT needs offset and length in multiples of ${directIoBytes}`;
  throw new ConveyorError('EINVAL', { origin, operation, path, offset, length, detail });
}

/** What the kernel's EINVAL for an aligned transfer means. */
export const misalignedMemory: string = `O_DIRECT needs memory at multiples of ${directIoBytes}, as of alignedBuffer()`;
