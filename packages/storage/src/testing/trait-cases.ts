import assert from 'node:assert/strict';
import type { DirectoryEntry } from '../file-stat.ts';
import type { Storage, StorageFile } from '../storage.ts';
import {
  type ContractCase,
  createFile,
  namesIn,
  pattern,
  rejectsWith,
  requireContent,
  type World,
} from './contract-case.ts';

/*
 * What every operation owes alike: wrong arguments are misuse, an aborted signal and a closed storage end it before it
 * has done anything, unknown options are named, and what the capabilities deny is ENOTSUP.
 */

/** How to call an operation of a storage; paths and options come from the trait. */
interface StorageOperation {
  readonly name: string;
  /** Whether the capabilities allow it. */
  allowed(world: World): boolean;
  call(storage: Storage, path: string, options: object | undefined, world: World): Promise<unknown>;
}

const always = () => true;

const storageOperations: readonly StorageOperation[] = [
  { name: 'open', allowed: always, call: (storage, path, options) => storage.open(path, 'r', options) },
  {
    name: 'openReplacement',
    allowed: ({ capabilities }) => capabilities.atomicReplace,
    call: (storage, path, options) => storage.openReplacement(path, options),
  },
  { name: 'stat', allowed: always, call: (storage, path, options) => storage.stat(path, options) },
  { name: 'list', allowed: always, call: (storage, path, options) => drain(storage.list(path, options)) },
  {
    name: 'mkdir',
    allowed: ({ capabilities }) => capabilities.directories,
    call: (storage, path, options) => storage.mkdir(path, options),
  },
  { name: 'remove', allowed: always, call: (storage, path, options) => storage.remove(path, options) },
  {
    name: 'rename',
    allowed: ({ capabilities }) => capabilities.rename !== 'none',
    call: (storage, path, options, { at }) => storage.rename(path, at('moved'), options),
  },
  {
    name: 'copy',
    allowed: ({ capabilities }) => capabilities.serverCopy,
    call: (storage, path, options, { at }) => storage.copy(path, at('copied'), options),
  },
  {
    name: 'setAttributes',
    allowed: ({ capabilities }) => capabilities.posix !== 'none',
    call: (storage, path, options) => storage.setAttributes(path, { mtimeMs: 1_000_000_000_000 }, options),
  },
  {
    name: 'readLink',
    allowed: ({ capabilities }) => capabilities.posix === 'full',
    call: (storage, path, options) => storage.readLink(path, options),
  },
  {
    name: 'makeLink',
    allowed: ({ capabilities }) => capabilities.posix === 'full',
    call: (storage, path, options) => storage.makeLink('file', path, options),
  },
];

/** How to call an operation of a file open for reading and writing, or for appending. */
interface FileOperation {
  readonly name: string;
  readonly flags: 'w+' | 'a';
  allowed(world: World): boolean;
  call(file: StorageFile, options: object | undefined): Promise<unknown>;
}

const bytes = pattern(10, 3);

const fileOperations: readonly FileOperation[] = [
  { name: 'read', flags: 'w+', allowed: always, call: (file, options) => file.read(new Uint8Array(4), 0, options) },
  { name: 'write', flags: 'w+', allowed: always, call: (file, options) => file.write(bytes, 0, options) },
  {
    name: 'append',
    flags: 'a',
    allowed: ({ capabilities }) => capabilities.append !== 'none',
    call: (file, options) => file.append(bytes, options),
  },
  { name: 'size', flags: 'w+', allowed: always, call: (file, options) => file.size(options) },
  { name: 'stat', flags: 'w+', allowed: always, call: (file, options) => file.stat(options) },
  {
    name: 'setAttributes',
    flags: 'w+',
    allowed: ({ capabilities }) => capabilities.posix !== 'none',
    call: (file, options) => file.setAttributes({ mtimeMs: 1_000_000_000_000 }, options),
  },
  {
    name: 'truncate',
    flags: 'w+',
    allowed: ({ capabilities }) => capabilities.truncate,
    call: (file, options) => file.truncate(3, options),
  },
  { name: 'sync', flags: 'w+', allowed: always, call: (file, options) => file.sync(options) },
];

/** Cases for each operation of a storage. */
export function storageTraits(): ContractCase[] {
  return storageOperations.flatMap((operation) => [
    {
      title: `${operation.name}: wrong arguments are refused by name`,
      run: (world) => refusesArguments(world, operation),
    },
    { title: `${operation.name}: an aborted signal stops it first`, run: (world) => obeysSignal(world, operation) },
    {
      title: `${operation.name}: EBADF when the storage is closed`,
      run: (world) => refusesWhenClosed(world, operation),
    },
    {
      title: `${operation.name}: ENOTSUP exactly without its capability`,
      run: (world) => needsCapability(world, operation),
    },
  ]);
}

/** Cases for each operation of an open file. */
export function fileTraits(): ContractCase[] {
  return fileOperations.flatMap((operation) => [
    {
      title: `file.${operation.name}: wrong options are refused by name`,
      run: (world) => fileRefuses(world, operation),
    },
    { title: `file.${operation.name}: an aborted signal stops it first`, run: (world) => fileObeys(world, operation) },
    { title: `file.${operation.name}: EBADF when the file is closed`, run: (world) => fileIsClosed(world, operation) },
  ]);
}

async function refusesArguments(world: World, { call, allowed }: StorageOperation): Promise<void> {
  const { storage, at } = world;
  const run = (path: unknown, options?: unknown) => call(storage, path as string, options as object, world);
  await rejectsWith(run(42), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(run(undefined), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(run(''), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(run('a\0b'), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(run(at('x'), 'fast'), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(run(at('x'), null), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(run(at('x'), { signal: 'now' }), 'ERR_CONVEYOR_ARG_TYPE');
  const error = await rejectsWith(run(at('x'), { colour: 'red' }), 'ERR_CONVEYOR_UNKNOWN_OPTION');
  assert.match(error.message, /'colour'/);
  if (!allowed(world)) return;
  assert.deepEqual(await namesIn(storage, world.base), [], 'a refused call has done nothing');
}

async function obeysSignal(world: World, { call, allowed }: StorageOperation): Promise<void> {
  if (!allowed(world)) return expectUnsupported(world, call);
  const { storage, at } = world;
  await createFile(storage, at('file'), bytes);
  const before = await namesIn(storage, world.base);
  await rejectsWith(call(storage, at('file'), { signal: AbortSignal.abort() }, world), 'ECANCELED');
  await rejectsWith(call(storage, at('other'), { signal: AbortSignal.abort() }, world), 'ECANCELED');
  const error = await rejectsWith(call(storage, at('file'), { signal: timedOut() }, world), 'ETIMEDOUT');
  assert.equal((error.cause as Error).name, 'TimeoutError', 'the reason is the cause');
  assert.deepEqual(await namesIn(storage, world.base), before, 'an aborted call has done nothing');
  await requireContent(storage, at('file'), bytes);
}

async function refusesWhenClosed(world: World, { call, allowed }: StorageOperation): Promise<void> {
  if (!allowed(world)) return expectUnsupported(world, call);
  await createFile(world.storage, world.at('file'), bytes);
  await world.storage.close();
  await rejectsWith(call(world.storage, world.at('file'), undefined, world), 'EBADF');
}

async function needsCapability(world: World, { call, allowed }: StorageOperation): Promise<void> {
  if (!allowed(world)) return expectUnsupported(world, call);
  const outcome = await call(world.storage, world.at('missing'), undefined, world).then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  assert.notEqual((outcome as { code?: unknown } | undefined)?.code, 'ENOTSUP', 'the capabilities promise it');
  await (outcome as Partial<StorageFile> | undefined)?.close?.();
}

async function fileRefuses(world: World, { flags, call, allowed }: FileOperation): Promise<void> {
  if (!allowed(world) && flags === 'a') return expectNoAppend(world);
  const file = await world.storage.open(world.at('file'), flags);
  await rejectsWith(call(file, 'fast' as never), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(call(file, { signal: 1 }), 'ERR_CONVEYOR_ARG_TYPE');
  const error = await rejectsWith(call(file, { colour: 'red' }), 'ERR_CONVEYOR_UNKNOWN_OPTION');
  assert.match(error.message, /'colour'/);
  if (!allowed(world)) await rejectsWith(call(file, undefined), 'ENOTSUP');
  else await call(file, undefined);
  await file.close();
}

async function fileObeys(world: World, { flags, call, allowed }: FileOperation): Promise<void> {
  if (!allowed(world) && flags === 'a') return expectNoAppend(world);
  const file = await world.storage.open(world.at('file'), flags);
  if (allowed(world)) {
    await rejectsWith(call(file, { signal: AbortSignal.abort() }), 'ECANCELED');
    await rejectsWith(call(file, { signal: timedOut() }), 'ETIMEDOUT');
    await call(file, { signal: new AbortController().signal });
  } else {
    await rejectsWith(call(file, { signal: AbortSignal.abort() }), 'ENOTSUP');
  }
  await file.close();
}

async function fileIsClosed(world: World, { flags, call, allowed }: FileOperation): Promise<void> {
  if (!allowed(world) && flags === 'a') return expectNoAppend(world);
  const file = await world.storage.open(world.at('file'), flags);
  await file.close();
  await rejectsWith(call(file, undefined), allowed(world) ? 'EBADF' : 'ENOTSUP');
}

async function expectUnsupported(world: World, call: StorageOperation['call']): Promise<void> {
  await createFile(world.storage, world.at('file'), bytes);
  await rejectsWith(call(world.storage, world.at('file'), undefined, world), 'ENOTSUP');
  await requireContent(world.storage, world.at('file'), bytes);
}

async function expectNoAppend(world: World): Promise<void> {
  await rejectsWith(world.storage.open(world.at('file'), 'a'), 'ENOTSUP');
  assert.deepEqual(await namesIn(world.storage, world.base), []);
}

async function drain(entries: AsyncIterable<DirectoryEntry>): Promise<void> {
  for await (const entry of entries) assert.ok(entry.name);
}

/** A signal that has timed out, without the wait. */
function timedOut(): AbortSignal {
  return AbortSignal.abort(new DOMException('The operation timed out', 'TimeoutError'));
}
