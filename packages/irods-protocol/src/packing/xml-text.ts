import { PackingError, unpackFailed } from './packing-error.ts';

/**
 * How texts are escaped:
 * - `modern`: five entities; what peers from 4.2.9 on speak
 * - `old`: an apostrophe stays raw, and a backtick is written as `&apos;`; older peers, and everything before versions
 *   are exchanged
 * - `minimal`: quotes stay raw too; what python-irodsclient writes, and servers accept
 */
export type XmlEscapes = 'modern' | 'old' | 'minimal';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '`': '&apos;',
};
const escaped: Readonly<Record<XmlEscapes, RegExp>> = { modern: /[&<>"']/g, old: /[&<>"`]/g, minimal: /[&<>]/g };

/** Text as an element's content. Control characters stay as they are: servers know no numeric entities. */
export function escapeXml(text: string, escapes: XmlEscapes): string {
  return text.replace(escaped[escapes], (found) => entities[found] ?? found);
}

const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Content of an element as text.
 *
 * Errors: PackingError for an ampersand that begins none of the five entities; servers read something else there.
 */
export function unescapeXml(content: string, escapes: XmlEscapes): string {
  if (!content.includes('&')) return content;
  return content.replace(/&(?:(amp|lt|gt|quot|apos);)?/g, (found, name: string | undefined) => {
    if (name === undefined) throw new PackingError('an ampersand begins none of the five entities', unpackFailed);
    if (name === 'apos' && escapes === 'old') return '`';
    return characters[name] ?? found;
  });
}
