import assert from 'node:assert/strict';
import { isConveyorError } from '@libconveyor/errors';
import type { Capabilities } from '../capabilities.ts';
import type { Storage, StorageFile } from '../storage.ts';

/** What an adapter's test gives for each case: an empty storage, or an empty place in one. */
export interface ContractSetup {
  readonly storage: Storage;
  /** A directory, or a prefix, that exists and is empty. Default: the storage's root. */
  readonly base?: string | undefined;
  /** Called after the case, when the storage is closed. */
  dispose?(): Promise<void> | void;
}

/** What the adapter's test states about its storage. */
export interface ContractExpectations {
  /** Exactly what the storage must claim: so none can vanish quietly. */
  readonly capabilities: Capabilities;
  /** Whether open files have a descriptor. Default false. */
  readonly fd?: boolean | undefined;
  /** Seed of the random cases. Default 1. */
  readonly seed?: number | undefined;
}

/** The world of one case. */
export interface World extends Required<ContractExpectations> {
  readonly storage: Storage;
  /** The path of a name below the base. */
  at(name: string): string;
  /** The base itself. */
  readonly base: string;
}

/** One case: throws an AssertionError where the storage breaks the contract. */
export interface ContractCase {
  readonly title: string;
  run(world: World): Promise<void>;
}

/** Bytes that differ from place to place: byte i of the n-th kind. */
export function pattern(length: number, kind = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + kind * 97 + (index >> 8)) & 0xff);
}

/** Requires a rejection with this code; the error is a ConveyorError unless it is about arguments. */
export async function rejectsWith(promise: Promise<unknown>, code: string | readonly string[]): Promise<Error> {
  const codes = typeof code === 'string' ? [code] : code;
  let thrown: unknown;
  try {
    await promise;
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof Error, `must be rejected with ${codes.join(' or ')}, but resolved`);
  const actual = String((thrown as { code?: unknown }).code);
  assert.ok(codes.includes(actual), `must be rejected with ${codes.join(' or ')}, not ${actual}: ${thrown.message}`);
  const isMisuse = thrown instanceof TypeError || thrown instanceof RangeError;
  assert.ok(isMisuse || isConveyorError(thrown), `${thrown.name} must be a ConveyorError`);
  return thrown;
}

/** Makes a file with these bytes, in the way that every storage can. */
export async function createFile(storage: Storage, path: string, bytes: Uint8Array): Promise<void> {
  const file = await storage.open(path, 'w');
  try {
    await writeAll(file, bytes);
  } finally {
    await file.close();
  }
}

/** Writes from byte 0 on, in order, in pieces that the storage takes. */
export async function writeAll(file: StorageFile, bytes: Uint8Array, pieceBytes: number = 1 << 20): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    assert.equal(await file.write(piece, offset), piece.byteLength, 'write must answer the length of its buffer');
  }
}

/** The whole content of an open file; it must end where `size` says. */
export async function readAll(file: StorageFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.size());
  for (let offset = 0; offset < bytes.byteLength; offset += 1 << 20) {
    const piece = bytes.subarray(offset, offset + (1 << 20));
    assert.equal(await file.read(piece, offset), piece.byteLength, 'only the end of the file may cut a read short');
  }
  assert.equal(await file.read(new Uint8Array(1), bytes.byteLength), 0, 'nothing may lie behind the size');
  return bytes;
}

/** The whole content of a name. */
export async function contentOf(storage: Storage, path: string): Promise<Uint8Array> {
  const file = await storage.open(path, 'r');
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}

/** Requires a name to have these bytes. */
export async function requireContent(storage: Storage, path: string, expected: Uint8Array): Promise<void> {
  requireSameBytes(await contentOf(storage, path), expected);
}

/** Requires equality, and says where it ends; a deep comparison of big arrays would say all of it. */
export function requireSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const first = expected.findIndex((byte, index) => actual[index] !== byte);
  if (first >= 0) assert.fail(`byte ${first} is ${actual[first]} and not ${expected[first]}`);
  assert.equal(actual.byteLength, expected.byteLength, 'number of bytes');
}

/** The names in a directory, in order. */
export async function namesIn(storage: Storage, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of storage.list(path)) names.push(entry.name);
  return names.sort();
}
