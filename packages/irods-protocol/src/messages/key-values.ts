import { readArray, type Structure, writeArray } from '../packing/field.ts';

/** Conditions of a request, in order: keyword and value. */
export type KeyValues = readonly (readonly [keyword: string, value: string])[];

/** `KeyValPair_PI`: all keywords, then all values. */
export const keyValPair: Structure<KeyValues> = {
  tag: 'KeyValPair_PI',
  write(writer, pairs) {
    writer.beginStructure('KeyValPair_PI');
    writer.integer('ssLen', pairs.length);
    writeArray(writer, pairs, ([keyword]) => writer.text('keyWord', keyword));
    writeArray(writer, pairs, ([, value]) => writer.text('svalue', value));
    writer.endStructure('KeyValPair_PI');
  },
  read(reader) {
    reader.beginStructure('KeyValPair_PI');
    const count = reader.integer('ssLen');
    const keywords = readArray(reader, 'keyWord', count, () => reader.text('keyWord', undefined));
    const values = readArray(reader, 'svalue', count, () => reader.text('svalue', undefined));
    reader.endStructure('KeyValPair_PI');
    return keywords.map((keyword, index) => [keyword, values[index] ?? ''] as const);
  },
};

/** Conditions from an object; what is undefined is left out. */
export function keyValuesOf(conditions: Readonly<Record<string, string | undefined>>): KeyValues {
  return Object.entries(conditions).flatMap(([keyword, value]) =>
    value === undefined ? [] : [[keyword, value] as const],
  );
}

/** The value of a keyword, or undefined; the last one counts, as for servers. */
export function conditionOf(pairs: KeyValues, keyword: string): string | undefined {
  return pairs.findLast(([name]) => name === keyword)?.[1];
}
