import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import {
  type ContractCase,
  createFile,
  pattern,
  readAll,
  rejectsWith,
  requireContent,
  requireSameBytes,
  type World,
} from './contract-case.ts';

/* What a storage says about itself, and how files and storages end. */

/** The cases, each for every storage. */
export const lifetimeCases: readonly ContractCase[] = [
  { title: 'the capabilities are the expected ones', run: claimsCapabilities },
  { title: 'scheme and name are fit for URLs and messages', run: namesItself },
  { title: 'fd leads to the very file, or is absent', run: exposesDescriptor },
  { title: 'closing a file lets running operations finish and refuses new ones', run: closesFiles },
  { title: 'closing a storage closes its files', run: closesStorages },
  { title: 'files and storages dispose of themselves', run: disposes },
];

async function claimsCapabilities({ storage, capabilities }: World): Promise<void> {
  assert.deepEqual(storage.capabilities, capabilities);
  const { io } = storage.capabilities;
  assert.ok(Number.isSafeInteger(io.maxBytes) && io.maxBytes > 0);
  assert.ok(Number.isSafeInteger(io.preferredBytes) && io.preferredBytes > 0 && io.preferredBytes <= io.maxBytes);
  assert.ok(Number.isSafeInteger(io.parallel) && io.parallel > 0);
}

async function namesItself({ storage }: World): Promise<void> {
  assert.match(storage.scheme, /^[a-z][a-z0-9+.-]*$/);
  assert.ok(storage.name.startsWith(`${storage.scheme}:`), `${storage.name} begins with its scheme`);
}

async function exposesDescriptor({ storage, at, fd }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  await file.write(pattern(123), 0);
  const descriptor = file.fd;
  assert.equal(descriptor !== undefined, fd, `fd is ${String(descriptor)}`);
  if (descriptor !== undefined) assert.equal(fstatSync(descriptor).size, 123);
  await file.close();
  assert.equal(file.fd, undefined, 'a closed file has none');
}

async function closesFiles({ storage, at }: World): Promise<void> {
  const bytes = pattern(200_000);
  const file = await storage.open(at('file'), 'w+');
  const writes = [0, 50_000, 100_000, 150_000].map((offset) =>
    file.write(bytes.subarray(offset, offset + 50_000), offset),
  );
  const closing = file.close();
  await rejectsWith(file.write(bytes, 0), 'EBADF');
  await rejectsWith(file.read(new Uint8Array(1), 0), 'EBADF');
  assert.deepEqual(
    await Promise.all(writes),
    [50_000, 50_000, 50_000, 50_000],
    'what ran when close came has finished',
  );
  await closing;
  await file.close();
  await requireContent(storage, at('file'), bytes);
}

async function closesStorages({ storage, at }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const file = await storage.open(at('file'), 'r');
  requireSameBytes(await readAll(file), pattern(10));
  await storage.close();
  await storage.close();
  await rejectsWith(file.read(new Uint8Array(1), 0), 'EBADF');
  await rejectsWith(storage.stat(at('file')), 'EBADF');
  await file.close();
}

async function disposes({ storage, at }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const file = await storage.open(at('file'), 'r');
  await file[Symbol.asyncDispose]();
  await rejectsWith(file.size(), 'EBADF');
  await storage[Symbol.asyncDispose]();
  await rejectsWith(storage.open(at('file'), 'r'), 'EBADF');
}
