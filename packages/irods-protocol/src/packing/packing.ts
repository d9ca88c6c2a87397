import type { Structure } from './field.ts';
import { NativeReader } from './native-reader.ts';
import { NativeWriter } from './native-writer.ts';
import { XmlReader, type XmlReading } from './xml-reader.ts';
import { type XmlStyle, XmlWriter } from './xml-writer.ts';

/** How the bodies and error blocks of a connection are packed. Headers are XML in any case. */
export type Packing =
  | ({ readonly kind: 'xml'; readonly allowOmitted?: boolean | undefined } & XmlStyle)
  | { readonly kind: 'native' };

/** XML for peers from 4.2.9 on. */
export const modernXml: Packing = { kind: 'xml', escapes: 'modern', lineFeeds: true };
/** XML for older peers, and for everything until versions are exchanged. */
export const oldXml: Packing = { kind: 'xml', escapes: 'old', lineFeeds: true };
export const nativePacking: Packing = { kind: 'native' };

/** Packs a message. Errors: PackingError for what it cannot carry. */
export function pack<Message>(structure: Structure<Message>, message: Message, packing: Packing): Buffer {
  const writer = packing.kind === 'native' ? new NativeWriter() : new XmlWriter(packing);
  structure.write(writer, message);
  return writer.finish();
}

/** Unpacks a message: all of the bytes. Errors: PackingError when they are not that message. */
export function unpack<Message>(structure: Structure<Message>, bytes: Uint8Array, packing: Packing): Message {
  const reader =
    packing.kind === 'native' ? new NativeReader(bytes) : new XmlReader(bytes, packing satisfies XmlReading);
  const message = structure.read(reader);
  reader.end();
  return message;
}
