import type { PackReader, PackWriter } from './pack-stream.ts';
import { PackingError } from './packing-error.ts';
import { requireFits } from './text-rules.ts';

/** One or several neighbouring elements of a structure, and the properties of a message that they carry. */
export interface Field<Message> {
  write(writer: PackWriter, message: Message): void;
  read(reader: PackReader, into: Partial<Message>): void;
}

/** How a message is packed: a tag and its elements, in the order that counts. */
export interface Structure<Message> {
  readonly tag: string;
  write(writer: PackWriter, message: Message): void;
  read(reader: PackReader): Message;
}

/** Makes a structure of fields in their order. */
export function structure<Message>(tag: string, fields: readonly Field<Message>[]): Structure<Message> {
  return {
    tag,
    write(writer, message) {
      writer.beginStructure(tag);
      for (const field of fields) field.write(writer, message);
      writer.endStructure(tag);
    },
    read(reader) {
      const message: Partial<Message> = {};
      reader.beginStructure(tag);
      for (const field of fields) field.read(reader, message);
      reader.endStructure(tag);
      return message as Message;
    },
  };
}

/** A signed 32-bit integer. */
export function integer<Name extends string>(name: Name): Field<Record<Name, number>> {
  return {
    write: (writer, message) => writer.integer(name, message[name]),
    read: (reader, into) => {
      into[name] = reader.integer(name) as never;
    },
  };
}

/** A signed 32-bit integer that python-irodsclient leaves out. */
export function omittableInteger<Name extends string>(name: Name): Field<Partial<Record<Name, number | undefined>>> {
  return {
    write: (writer, message) => {
      const value = message[name];
      if (value === undefined) writer.omittedInteger(name);
      else writer.integer(name, value);
    },
    read: (reader, into) => {
      const value = reader.omittableInteger(name);
      if (value !== undefined) into[name] = value as never;
    },
  };
}

/** A signed 64-bit integer. */
export function long<Name extends string>(name: Name): Field<Record<Name, number>> {
  return {
    write: (writer, message) => writer.long(name, message[name]),
    read: (reader, into) => {
      into[name] = reader.long(name) as never;
    },
  };
}

/** A text in a field of `dimension` bytes with its NUL. */
export function text<Name extends string>(name: Name, dimension?: number): Field<Record<Name, string>> {
  return {
    write: (writer, message) => {
      requireFits(name, message[name], dimension);
      writer.text(name, message[name]);
    },
    read: (reader, into) => {
      into[name] = reader.text(name, dimension) as never;
    },
  };
}

/** A pointer to a text, which may be NULL. */
export function pointer<Name extends string>(name: Name): Field<Partial<Record<Name, string | undefined>>> {
  return {
    write: (writer, message) => {
      const value = message[name];
      if (value === undefined) writer.nothing();
      else writer.text(name, value);
    },
    read: (reader, into) => {
      if (reader.isPresent(name)) into[name] = reader.text(name, undefined) as never;
    },
  };
}

/** So many bytes. */
export function bytes<Name extends string>(name: Name, length: number): Field<Record<Name, Uint8Array>> {
  return {
    write: (writer, message) => writer.bytes(name, message[name]),
    read: (reader, into) => {
      into[name] = reader.bytes(name, length) as never;
    },
  };
}

/** A structure inside of a structure. */
export function nested<Name extends string, Inner>(name: Name, inner: Structure<Inner>): Field<Record<Name, Inner>> {
  return {
    write: (writer, message) => inner.write(writer, message[name]),
    read: (reader, into) => {
      into[name] = inner.read(reader) as never;
    },
  };
}

/** A pointer to a structure, which may be NULL. */
export function nestedPointer<Name extends string, Inner>(
  name: Name,
  inner: Structure<Inner>,
): Field<Partial<Record<Name, Inner | undefined>>> {
  return {
    write: (writer, message) => {
      const value = message[name];
      if (value === undefined) writer.nothing();
      else inner.write(writer, value);
    },
    read: (reader, into) => {
      if (reader.isPresent(inner.tag)) into[name] = inner.read(reader) as never;
    },
  };
}

/** Elements of an array, one by one; the count is an element before them. */
export function writeArray<Item>(writer: PackWriter, items: readonly Item[], write: (item: Item) => void): void {
  if (items.length === 0) writer.nothing();
  for (const item of items) write(item);
}

/**
 * Reads what {@link writeArray} writes.
 *
 * Errors: PackingError when there are no elements where `count` of them are announced.
 */
export function readArray<Item>(reader: PackReader, tag: string, count: number, read: () => Item): Item[] {
  const items = readSparseArray(reader, tag, count, read);
  if (items.length < count) throw new PackingError(`${tag} expected ${count} times`);
  return items;
}

/** The same; but where elements are announced there may be none. */
export function readSparseArray<Item>(reader: PackReader, tag: string, count: number, read: () => Item): Item[] {
  const items: Item[] = [];
  if (!reader.isPresent(tag)) return items;
  while (items.length < count) items.push(read());
  return items;
}
