import type { PackReader } from './pack-stream.ts';
import { bufferOverflow, PackingError } from './packing-error.ts';
import { requireFits, requireInt32, requireSafe } from './text-rules.ts';
import { unescapeXml, type XmlEscapes } from './xml-text.ts';

/** A buffer that is announced longer than it is may be so much longer, bytes. */
const announcedExcessMax = 1024 ** 2;

/** How XML is read. */
export interface XmlReading {
  readonly escapes: XmlEscapes;
  /** Whether integers may be missing that python-irodsclient leaves out. Default false. */
  readonly allowOmitted?: boolean | undefined;
}

/**
 * Reads the elements that servers and clients write: exactly the expected tag each time, white space between elements.
 * It is stricter than servers, which read some missing integers as 0, and like them knows no attributes.
 */
export class XmlReader implements PackReader {
  readonly #text: string;
  readonly #reading: XmlReading;
  #at = 0;

  /** Bytes that are not UTF-8 become U+FFFD. */
  constructor(bytes: Uint8Array, reading: XmlReading) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    this.#reading = reading;
  }

  beginStructure(tag: string): void {
    this.#expect(`<${tag}>`);
  }

  endStructure(tag: string): void {
    this.#expect(`</${tag}>`);
  }

  integer(tag: string): number {
    const value = this.#number(tag);
    requireInt32(tag, value);
    return value;
  }

  long(tag: string): number {
    const value = this.#number(tag);
    requireSafe(tag, value);
    return value;
  }

  text(tag: string, dimension: number | undefined): string {
    const value = unescapeXml(this.#content(tag), this.#reading.escapes);
    requireFits(tag, value, dimension);
    return value;
  }

  bytes(tag: string, length: number): Buffer {
    const decoded = Buffer.from(this.#content(tag), 'base64');
    if (decoded.length > length) throw new PackingError(`${tag} has more bytes than announced`, bufferOverflow);
    if (length - decoded.length > announcedExcessMax)
      throw new PackingError(`${tag} has far fewer bytes than announced`);
    if (decoded.length === length) return decoded;
    return Buffer.concat([decoded], length);
  }

  isPresent(tag: string): boolean {
    this.#skipSpace();
    return this.#text.startsWith(`<${tag}>`, this.#at);
  }

  omittableInteger(tag: string): number | undefined {
    if (this.#reading.allowOmitted === true && !this.isPresent(tag)) return undefined;
    return this.integer(tag);
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw new PackingError(`unexpected ${this.#glimpse()} at the end`);
  }

  #number(tag: string): number {
    const content = this.#content(tag);
    // Servers read a leading zero as octal.
    if (!/^(?:0|-?[1-9]\d{0,18})$/.test(content)) throw new PackingError(`${tag} is no decimal integer`);
    return Number(content);
  }

  #content(tag: string): string {
    this.#expect(`<${tag}>`);
    const end = this.#text.indexOf(`</${tag}>`, this.#at);
    if (end === -1) throw new PackingError(`${tag} does not end`);
    const content = this.#text.slice(this.#at, end);
    this.#at = end + tag.length + 3;
    return content;
  }

  #expect(token: string): void {
    this.#skipSpace();
    if (!this.#text.startsWith(token, this.#at)) {
      throw new PackingError(`${token} expected, ${this.#glimpse()} found`);
    }
    this.#at += token.length;
  }

  #glimpse(): string {
    return this.#at === this.#text.length ? 'the end' : JSON.stringify(this.#text.slice(this.#at, this.#at + 40));
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 10 && code !== 32 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }
}
