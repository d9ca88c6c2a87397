import type { Bucket } from '../store/bucket.ts';
import type { SortedKeys } from '../store/sorted-keys.ts';

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Names at or before this one were listed before. */
  readonly after: string;
  readonly countMax: number;
}

export interface ListPage {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  /** The last name of the page, to go on after it; undefined when nothing follows. */
  readonly next: string | undefined;
}

/** One page of a listing: keys, and what they have in common up to a delimiter, which counts as one name. */
export function listPage(bucket: Bucket, { prefix, delimiter, after, countMax }: ListQuery): ListPage {
  const sorted = bucket.keys;
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  let index = startIndex(sorted, prefix, delimiter, after);
  for (let key = sorted.at(index); key?.startsWith(prefix); key = sorted.at(index)) {
    if (keys.length + commonPrefixes.length >= countMax) return { keys, commonPrefixes, next: last };
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut === -1) {
      keys.push(key);
      last = key;
      index += 1;
    } else {
      last = key.slice(0, cut + delimiter.length);
      commonPrefixes.push(last);
      index = sorted.afterPrefix(last);
    }
  }
  return { keys, commonPrefixes, next: undefined };
}

function startIndex(sorted: SortedKeys, prefix: string, delimiter: string, after: string): number {
  const first = sorted.from(prefix);
  if (after === '') return first;
  // A page that ended with a common prefix goes on behind everything that has it.
  const isCommon = delimiter !== '' && after.startsWith(prefix) && after.indexOf(delimiter, prefix.length) !== -1;
  const ended = isCommon && after.endsWith(delimiter);
  return Math.max(first, ended ? sorted.afterPrefix(after) : sorted.after(after));
}
