import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** The namespace of every S3 document except errors. */
const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A document with the declaration in front. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

/** A document whose root is in S3's namespace. */
export function s3Document(name: string, content: string): string {
  return xmlDocument(`<${name} xmlns="${namespace}">${content}</${name}>`);
}

/** One element with text; numbers and booleans as they print; nothing at all for `undefined`. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeText(String(value))}</${name}>`;
}

/** One element around elements. */
export function group(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: S3 writes those in keys as character references.
const special = /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeText(text: string): string {
  return text.replace(special, (found) => entities[found] ?? `&#x${found.charCodeAt(0).toString(16)};`);
}

/** A parsed element: its children by name, each as often as it stands there. */
export class XmlNode {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The text of an element that has no children. */
  get text(): string {
    return typeof this.#value === 'string' ? this.#value : '';
  }

  /** All children of that name, in order. */
  all(name: string): XmlNode[] {
    if (typeof this.#value !== 'object' || this.#value === null) return [];
    const found = (this.#value as Record<string, unknown>)[name];
    if (found === undefined) return [];
    return (Array.isArray(found) ? found : [found]).map((value) => new XmlNode(value));
  }

  /** The text of the first child of that name. */
  textOf(name: string): string | undefined {
    return this.all(name)[0]?.text;
  }
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
  htmlEntities: true,
  removeNSPrefix: true,
});

/** The root of a document, when it has that name. Undefined for anything else, ill-formed documents too. */
export function parseXml(text: string, root: string): XmlNode | undefined {
  if (XMLValidator.validate(text) !== true) return undefined;
  return new XmlNode(parser.parse(text)).all(root)[0];
}
