import type { PackWriter } from './pack-stream.ts';
import { requireCarriable, requireInt32, requireSafe } from './text-rules.ts';
import { escapeXml, type XmlEscapes } from './xml-text.ts';

/** How XML is written. */
export interface XmlStyle {
  readonly escapes: XmlEscapes;
  /** Whether every end of an element is followed by a line feed, as servers write it. */
  readonly lineFeeds: boolean;
}

/** Writes elements as iRODS's XML: no attributes, no empty-element tags, no declaration. */
export class XmlWriter implements PackWriter {
  readonly #style: XmlStyle;
  readonly #feed: string;
  #text = '';

  constructor(style: XmlStyle) {
    this.#style = style;
    this.#feed = style.lineFeeds ? '\n' : '';
  }

  /** What was written so far, UTF-8. */
  finish(): Buffer {
    return Buffer.from(this.#text, 'utf8');
  }

  beginStructure(tag: string): void {
    this.#text += `<${tag}>${this.#feed}`;
  }

  endStructure(tag: string): void {
    this.#text += `</${tag}>${this.#feed}`;
  }

  integer(tag: string, value: number): void {
    requireInt32(tag, value);
    this.#element(tag, String(value));
  }

  long(tag: string, value: number): void {
    requireSafe(tag, value);
    this.#element(tag, String(value));
  }

  text(tag: string, value: string): void {
    requireCarriable(tag, value);
    this.#element(tag, escapeXml(value, this.#style.escapes));
  }

  bytes(tag: string, value: Uint8Array): void {
    this.#element(tag, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  }

  nothing(): void {}

  omittedInteger(): void {}

  #element(tag: string, content: string): void {
    this.#text += `<${tag}>${content}</${tag}>${this.#feed}`;
  }
}
