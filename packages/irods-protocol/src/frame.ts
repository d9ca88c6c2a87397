import { requireInteger } from '@libconveyor/errors';
import { dimension } from './messages/dimensions.ts';
import { integer, type Structure, structure, text } from './packing/field.ts';
import { oldXml, pack, unpack } from './packing/packing.ts';
import { PackingError } from './packing/packing-error.ts';

/** Types of frames. While TLS is set up the name of a cipher is a type, too. */
export const frameType = {
  connect: 'RODS_CONNECT',
  version: 'RODS_VERSION',
  negotiation: 'RODS_CS_NEG_T',
  request: 'RODS_API_REQ',
  reply: 'RODS_API_REPLY',
  disconnect: 'RODS_DISCONNECT',
  heartbeat: 'HEARTBEAT',
  sharedSecret: 'SHARED_SECRET',
} as const;

/** The header of a frame. Lengths in bytes. */
export interface FrameHeader {
  readonly type: string;
  readonly msgLen: number;
  readonly errorLen: number;
  readonly bsLen: number;
  /** Of a request the number of its API; of a reply its result, negative for an error. */
  readonly intInfo: number;
}

/** What is sent at once: a header, a packed message, an error block, and a stream of bytes. */
export interface Frame {
  readonly type: string;
  readonly intInfo: number;
  readonly body: Buffer;
  readonly error: Buffer;
  readonly bytes: Buffer;
}

/** A frame to be sent; what is left out is empty. */
export interface FrameInput {
  readonly type: string;
  readonly intInfo?: number | undefined;
  readonly body?: Uint8Array | undefined;
  readonly error?: Uint8Array | undefined;
  readonly bytes?: Uint8Array | undefined;
}

/** A header is at most so long; servers hang up on longer ones. */
export const headerLengthMax = 1088;

const messageHeader: Structure<FrameHeader> = structure<FrameHeader>('MsgHeader_PI', [
  text('type', dimension.messageType),
  integer('msgLen'),
  integer('errorLen'),
  integer('bsLen'),
  integer('intInfo'),
]);

/** A header with its length in front. */
export function encodeHeader(header: FrameHeader, lineFeeds = true): Buffer {
  const text = pack(messageHeader, header, { ...oldXml, lineFeeds } as typeof oldXml);
  const encoded = Buffer.allocUnsafe(4 + text.length);
  encoded.writeUInt32BE(text.length);
  text.copy(encoded, 4);
  return encoded;
}

/** A header's text. Errors: PackingError; lengths are never negative. */
export function decodeHeader(text: Uint8Array): FrameHeader {
  const header = unpack(messageHeader, text, oldXml);
  if (header.msgLen < 0 || header.errorLen < 0 || header.bsLen < 0) throw new PackingError('a length is negative');
  return header;
}

/**
 * A frame as buffers to be written one after another. The stream of bytes is not copied: the last buffer is a view of
 * it.
 *
 * @param lineFeeds False to write the header as python-irodsclient does.
 */
export function encodeFrame(frame: FrameInput, lineFeeds = true): Buffer[] {
  const { type, intInfo = 0, body, error, bytes } = frame;
  requireInteger('intInfo', intInfo, -(2 ** 31), 2 ** 31 - 1);
  const bsLen = bytes?.length ?? 0;
  const header = encodeHeader(
    { type, msgLen: body?.length ?? 0, errorLen: error?.length ?? 0, bsLen, intInfo },
    lineFeeds,
  );
  const parts = [header, body, error].filter((part) => part !== undefined && part.length > 0) as Uint8Array[];
  const first = parts.length === 1 ? header : Buffer.concat(parts);
  if (bytes === undefined || bsLen === 0) return [first];
  return [first, Buffer.from(bytes.buffer, bytes.byteOffset, bsLen)];
}
