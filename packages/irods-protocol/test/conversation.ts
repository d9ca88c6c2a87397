import { readdirSync, readFileSync } from 'node:fs';
import {
  type Frame,
  FrameReader,
  modernXml,
  nativePacking,
  oldXml,
  type Packing,
  startupPack,
  unpack,
} from '@libconveyor/irods-protocol';

const folder = new URL('./conversations/', import.meta.url);

/** One connection, as it was recorded. */
export interface Conversation {
  readonly name: string;
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
}

/** Every recorded connection. */
export const conversations: readonly Conversation[] = readdirSync(folder)
  .filter((file) => file.endsWith('.c2s.bin'))
  .map((file) => file.slice(0, -'.c2s.bin'.length))
  .sort()
  .map((name) => ({
    name,
    fromClient: readFileSync(new URL(`${name}.c2s.bin`, folder)),
    fromServer: readFileSync(new URL(`${name}.s2c.bin`, folder)),
  }));

/** The frames in what one side sent, which arrives in pieces of `pieceLength` bytes. */
export function framesOf(sent: Buffer, pieceLength: number = sent.length): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (let at = 0; at < sent.length; at += pieceLength) {
    reader.push(sent.subarray(at, at + pieceLength));
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  }
  if (!reader.isEmpty) throw new Error('bytes are left over');
  return frames;
}

/** How the sides of a conversation pack. */
export interface Styles {
  /** Until the versions are exchanged. */
  readonly clientStart: Packing;
  readonly client: Packing;
  readonly server: Packing;
}

/** Finds out how a client writes: python-irodsclient has no line feeds and leaves quotes raw. */
export function stylesOf([first]: readonly Frame[]): Styles {
  if (first === undefined) throw new Error('an empty conversation');
  const isPython = !first.body.includes('\n');
  const start = isPython ? ({ ...oldXml, escapes: 'minimal', lineFeeds: false, allowOmitted: true } as const) : oldXml;
  const { irodsProt } = unpack(startupPack, first.body, start);
  if (irodsProt === 0) return { clientStart: start, client: nativePacking, server: nativePacking };
  return { clientStart: start, client: isPython ? start : modernXml, server: modernXml };
}
