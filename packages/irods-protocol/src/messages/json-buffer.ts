import type { Structure } from '../packing/field.ts';
import { PackingError } from '../packing/packing-error.ts';

/** `BinBytesBuf_PI`: bytes with their count. In XML they are base64. */
export interface BytesBuffer {
  readonly bytes: Uint8Array;
}

export const binBytesBuf: Structure<BytesBuffer> = {
  tag: 'BinBytesBuf_PI',
  write(writer, { bytes }) {
    writer.beginStructure('BinBytesBuf_PI');
    writer.integer('buflen', bytes.length);
    if (bytes.length === 0) writer.nothing();
    else writer.bytes('buf', bytes);
    writer.endStructure('BinBytesBuf_PI');
  },
  read(reader) {
    reader.beginStructure('BinBytesBuf_PI');
    const length = reader.integer('buflen');
    if (length < 0) throw new PackingError('buflen is negative');
    const bytes = reader.isPresent('buf') ? reader.bytes('buf', length) : Buffer.alloc(0);
    reader.endStructure('BinBytesBuf_PI');
    return { bytes };
  },
};

/** A JSON document as a buffer. Servers count a NUL behind it, clients do not. */
export function jsonBuffer(value: unknown, withNul = false): BytesBuffer {
  return { bytes: Buffer.from(`${JSON.stringify(value)}${withNul ? '\0' : ''}`, 'utf8') };
}

/** The JSON document in a buffer, up to its first NUL. Errors: PackingError when it is none. */
export function parseJsonBuffer({ bytes }: BytesBuffer): unknown {
  return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}

/** A JSON document, up to the first NUL. Errors: PackingError when it is none. */
export function parseJson(text: string): unknown {
  const end = text.indexOf('\0');
  try {
    return JSON.parse(end === -1 ? text : text.slice(0, end)) as unknown;
  } catch (thrown) {
    throw new PackingError(`no JSON: ${(thrown as Error).message}`);
  }
}
