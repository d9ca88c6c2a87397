import { XMLParser } from 'fast-xml-parser';

/** An element without attributes: its text, or its children by name; one that occurs several times is an array. */
export type XmlValue = string | XmlElement | readonly (string | XmlElement)[];
export interface XmlElement {
  readonly [name: string]: XmlValue | undefined;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
  htmlEntities: false,
});

/**
 * The root element of a document, with its name. Leading white space is what servers send to keep a connection alive.
 *
 * @returns Undefined for what is no document.
 */
export function parseXml(text: string): { readonly name: string; readonly root: XmlElement } | undefined {
  let document: Record<string, unknown>;
  try {
    document = parser.parse(text.trim()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const found = Object.entries(document).find(([name]) => !name.startsWith('?') && name !== '#text');
  if (found === undefined) return undefined;
  const [name, root] = found;
  return { name, root: typeof root === 'object' && root !== null ? (root as XmlElement) : {} };
}

/** The text of a child; undefined when there is none. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.[name];
  return typeof value === 'string' ? decodeReferences(value) : undefined;
}

/** The children of a name, however many there are. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  const value = element[name];
  if (value === undefined) return [];
  const values = Array.isArray(value) ? value : [value];
  return values.filter((child): child is XmlElement => typeof child === 'object');
}

/** Text as it stands between tags. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Numeric references, which the parser leaves: servers write line breaks and quotes so. */
function decodeReferences(text: string): string {
  return text.replace(/&#(?:x([0-9a-f]+)|([0-9]+));/gi, (_, hex?: string, decimal?: string) =>
    String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
  );
}
