import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import type { StorageFile } from '../storage.ts';
import {
  type ContractCase,
  createFile,
  namesIn,
  pattern,
  readAll,
  rejectsWith,
  requireContent,
  requireSameBytes,
  type World,
  writeAll,
} from './contract-case.ts';

/* Bytes in, bytes out: read, write, append, truncate, size, and the flags that open takes. */

/** The cases, each for every storage. */
export const dataCases: readonly ContractCase[] = [
  { title: 'what was written is read, by another opening too', run: readsWhatWasWritten },
  { title: 'a read is short only at the end of the file', run: endsReadsAtEnd },
  { title: 'zero bytes are no operation', run: ignoresZeroBytes },
  { title: 'buffers may be views of larger memory, and stay as they were', run: respectsViews },
  { title: 'the caller may reuse the buffer of a write that resolved', run: freesBuffers },
  { title: 'offsets and buffers that make no sense are misuse', run: refusesBadRanges },
  { title: 'a gap behind the end reads as zeros', run: fillsGaps },
  { title: 'writes in flight at once all land', run: landsParallelWrites },
  { title: 'reads in flight at once each get their own bytes', run: servesParallelReads },
  { title: 'a large file comes back byte by byte', run: keepsLargeFiles },
  { title: 'size follows every write', run: followsSize },
  { title: 'flags decide what is allowed: O_RDONLY, O_WRONLY, O_RDWR', run: obeysAccessMode },
  { title: 'O_CREAT, O_EXCL, O_TRUNC do what open(2) says', run: obeysCreationFlags },
  { title: 'flags that contradict each other or do not exist are refused', run: refusesFlags },
  { title: 'lesson 6: append puts bytes behind the end, wherever that is then', run: appendsAtEnd },
  { title: 'appends in flight at once all are there once', run: appendsInParallel },
  { title: 'truncate cuts, and what was cut never comes back', run: truncates },
  { title: 'sync resolves, with dataOnly too', run: syncs },
];

async function readsWhatWasWritten({ storage, at }: World): Promise<void> {
  const bytes = pattern(1000);
  const file = await storage.open(at('file'), 'w+');
  assert.equal(await file.write(bytes.subarray(0, 600), 0), 600);
  assert.equal(await file.write(bytes.subarray(600), 600), 400);
  requireSameBytes(await readAll(file), bytes);
  await file.close();
  await requireContent(storage, at('file'), bytes);
}

async function endsReadsAtEnd({ storage, at }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(100));
  const file = await storage.open(at('file'), 'r');
  const buffer = new Uint8Array(80).fill(0xaa);
  assert.equal(await file.read(buffer, 20), 80);
  requireSameBytes(buffer, pattern(100).subarray(20));
  buffer.fill(0xaa);
  assert.equal(await file.read(buffer, 60), 40);
  requireSameBytes(buffer.subarray(0, 40), pattern(100).subarray(60));
  assert.ok(
    buffer.subarray(40).every((byte) => byte === 0xaa),
    'memory behind the bytes read is not touched',
  );
  assert.equal(await file.read(buffer, 100), 0);
  assert.equal(await file.read(buffer, 2 ** 40), 0);
  await file.close();
  await createFile(storage, at('empty'), new Uint8Array(0));
  const empty = await storage.open(at('empty'), 'r');
  assert.equal(await empty.read(buffer, 0), 0);
  await empty.close();
}

async function ignoresZeroBytes({ storage, at }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  const nothing = new Uint8Array(0);
  assert.equal(await file.write(nothing, 0), 0);
  assert.equal(await file.write(nothing, 1000), 0);
  assert.equal(await file.size(), 0, 'a write of nothing behind the end does not extend the file');
  assert.equal(await file.read(nothing, 0), 0);
  await file.close();
}

async function respectsViews({ storage, at }: World): Promise<void> {
  const memory = pattern(64);
  const file = await storage.open(at('file'), 'w+');
  assert.equal(await file.write(memory.subarray(10, 20), 0), 10);
  requireSameBytes(memory, pattern(64));
  const target = new Uint8Array(64).fill(0xaa);
  assert.equal(await file.read(target.subarray(30, 40), 0), 10);
  requireSameBytes(target.subarray(30, 40), pattern(64).subarray(10, 20));
  assert.ok(target.subarray(0, 30).every((byte) => byte === 0xaa));
  assert.ok(target.subarray(40).every((byte) => byte === 0xaa));
  assert.equal(await file.write(Buffer.from('buffer'), 10), 6);
  const shared = new Uint8Array(new SharedArrayBuffer(16));
  assert.equal(await file.read(shared, 0), 16);
  assert.equal(Buffer.from(shared.subarray(10)).toString(), 'buffer');
  await file.close();
}

async function freesBuffers({ storage, at }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  const buffer = pattern(100);
  await file.write(buffer, 0);
  buffer.fill(0);
  requireSameBytes(await readAll(file), pattern(100));
  await file.close();
}

async function refusesBadRanges({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const file = await storage.open(at('file'), 'w+');
  const buffer = new Uint8Array(4);
  for (const call of [file.read.bind(file), file.write.bind(file)]) {
    for (const bad of ['bytes', 42, undefined, null, [1, 2], new ArrayBuffer(4)]) {
      await rejectsWith(call(bad as never, 0), 'ERR_CONVEYOR_ARG_TYPE');
    }
    for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      await rejectsWith(call(buffer, bad), 'ERR_CONVEYOR_ARG_RANGE');
    }
    await rejectsWith(call(buffer, '0' as never), 'ERR_CONVEYOR_ARG_TYPE');
    await rejectsWith(call(buffer, undefined as never), 'ERR_CONVEYOR_ARG_TYPE');
  }
  await rejectsWith(file.write(buffer, Number.MAX_SAFE_INTEGER - 2), 'EFBIG');
  const { maxBytes } = capabilities.io;
  if (maxBytes < 64 * 2 ** 20) await rejectsWith(file.read(new Uint8Array(maxBytes + 1), 0), 'ERR_CONVEYOR_ARG_RANGE');
  if (capabilities.truncate) await rejectsWith(file.truncate(-1), 'ERR_CONVEYOR_ARG_RANGE');
  assert.equal(await file.size(), 0, 'a refused call has done nothing');
  await file.close();
}

async function fillsGaps({ storage, at, capabilities }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  if (!capabilities.randomWrite) {
    await rejectsWith(file.write(pattern(10), 100), 'ENOTSUP');
    await file.write(pattern(10), 0);
    await rejectsWith(file.write(pattern(10), 0), 'ENOTSUP');
    await file.write(pattern(10), 10);
    return file.close();
  }
  await file.write(pattern(10), 200_000);
  await file.write(pattern(10, 2), 5);
  const expected = new Uint8Array(200_010);
  expected.set(pattern(10), 200_000);
  expected.set(pattern(10, 2), 5);
  requireSameBytes(await readAll(file), expected);
  await file.close();
}

async function landsParallelWrites({ storage, at }: World): Promise<void> {
  const bytes = pattern(64 * 100);
  const file = await storage.open(at('file'), 'w+');
  const offsets = Array.from({ length: 64 }, (_, index) => index * 100);
  const counts = await Promise.all(offsets.map((offset) => file.write(bytes.subarray(offset, offset + 100), offset)));
  assert.deepEqual(new Set(counts), new Set([100]));
  requireSameBytes(await readAll(file), bytes);
  await file.close();
}

async function servesParallelReads({ storage, at }: World): Promise<void> {
  const bytes = pattern(50_000);
  await createFile(storage, at('file'), bytes);
  const file = await storage.open(at('file'), 'r');
  const reads = Array.from({ length: 64 }, async (_, index) => {
    const offset = (index * 7919) % 49_000;
    const buffer = new Uint8Array(1000);
    assert.equal(await file.read(buffer, offset), 1000);
    requireSameBytes(buffer, bytes.subarray(offset, offset + 1000));
  });
  await Promise.all(reads);
  await file.close();
}

async function keepsLargeFiles({ storage, at }: World): Promise<void> {
  const bytes = pattern(3 * 2 ** 20 + 7);
  const file = await storage.open(at('file'), 'w');
  await writeAll(file, bytes, 700_001);
  await file.close();
  await requireContent(storage, at('file'), bytes);
  assert.equal((await storage.stat(at('file'))).size, bytes.byteLength);
}

async function followsSize({ storage, at }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  assert.equal(await file.size(), 0);
  await file.write(pattern(10), 0);
  assert.equal(await file.size(), 10);
  await file.write(pattern(10), 10);
  assert.equal(await file.size(), 20);
  assert.equal((await file.stat()).size, 20);
  assert.equal((await file.stat()).type, 'file');
  await file.close();
}

async function obeysAccessMode({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const reader = await storage.open(at('file'), constants.O_RDONLY);
  await rejectsWith(reader.write(pattern(1), 0), 'EBADF');
  await rejectsWith(reader.append(pattern(1)), 'EBADF');
  if (capabilities.truncate) await rejectsWith(reader.truncate(0), 'EBADF');
  assert.equal(reader.flags, constants.O_RDONLY);
  assert.equal(reader.path, at('file'));
  await reader.close();
  await requireContent(storage, at('file'), pattern(10));
  const writer = await storage.open(at('file'), 'w');
  await rejectsWith(writer.read(new Uint8Array(1), 0), 'EBADF');
  await rejectsWith(writer.append(pattern(1)), 'EINVAL');
  await writer.write(pattern(5, 2), 0);
  await writer.close();
  await requireContent(storage, at('file'), pattern(5, 2));
  if (!capabilities.randomWrite) {
    await rejectsWith(storage.open(at('file'), 'r+'), 'ENOTSUP');
    return;
  }
  const both = await storage.open(at('file'), 'r+');
  await both.write(pattern(2, 3), 1);
  await both.close();
  const expected = pattern(5, 2);
  expected.set(pattern(2, 3), 1);
  await requireContent(storage, at('file'), expected);
}

async function obeysCreationFlags({ storage, at, base, capabilities }: World): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = constants;
  await rejectsWith(storage.open(at('file'), 'r'), 'ENOENT');
  await rejectsWith(storage.open(at('file'), O_WRONLY | O_TRUNC), 'ENOENT');
  assert.deepEqual(await namesIn(storage, base), []);
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.conditional === 'none') {
    await rejectsWith(storage.open(at('file'), 'wx'), 'ENOTSUP');
  } else {
    await rejectsWith(storage.open(at('file'), O_WRONLY | O_CREAT | O_EXCL), 'EEXIST');
    await rejectsWith(storage.open(at('file'), 'wx'), 'EEXIST');
    await requireContent(storage, at('file'), pattern(10));
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => storage.open(at('new'), 'wx')));
    const files = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(files.length, 1, 'of many exclusive creations at once exactly one succeeds');
    await files[0]?.close();
  }
  const truncated = await storage.open(at('file'), O_WRONLY | O_TRUNC);
  assert.equal(await truncated.size(), 0);
  await truncated.close();
  await requireContent(storage, at('file'), new Uint8Array(0));
}

async function refusesFlags({ storage, at, base }: World): Promise<void> {
  const { O_WRONLY, O_RDWR, O_EXCL, O_TRUNC, O_APPEND, O_CREAT } = constants;
  for (const flags of [O_WRONLY | O_RDWR, O_RDWR | O_EXCL, O_TRUNC, O_APPEND, O_CREAT | O_TRUNC]) {
    await rejectsWith(storage.open(at('file'), flags), 'EINVAL');
  }
  for (const flags of ['', 'q', 'rw', 'W', -1, 1.5, 2 ** 40]) {
    await rejectsWith(storage.open(at('file'), flags as never), 'ERR_CONVEYOR_ARG_RANGE');
  }
  for (const flags of [undefined, null, {}, true]) {
    await rejectsWith(storage.open(at('file'), flags as never), 'ERR_CONVEYOR_ARG_TYPE');
  }
  // O_DIRECTORY and a bit that no system has.
  await rejectsWith(storage.open(at('file'), constants.O_DIRECTORY | O_RDWR | O_CREAT), 'ENOTSUP');
  await rejectsWith(storage.open(at('file'), 0x20000000 | O_RDWR | O_CREAT), 'ENOTSUP');
  assert.deepEqual(await namesIn(storage, base), [], 'a refused open has created nothing');
}

async function appendsAtEnd({ storage, at, capabilities }: World): Promise<void> {
  if (capabilities.append === 'none') {
    await rejectsWith(storage.open(at('file'), 'a+'), 'ENOTSUP');
    return;
  }
  const first = await storage.open(at('file'), 'a+');
  assert.equal(await first.append(pattern(10)), 10);
  await rejectsWith(first.write(pattern(1), 0), 'EINVAL');
  assert.equal(await first.append(new Uint8Array(0)), 0);
  const second = await storage.open(at('file'), 'a');
  await first.sync();
  assert.equal(await second.append(pattern(10, 2)), 10);
  await second.sync();
  assert.equal(await first.append(pattern(10, 3)), 10);
  await first.close();
  await second.close();
  const expected = new Uint8Array(30);
  for (const kind of [1, 2, 3]) expected.set(pattern(10, kind), (kind - 1) * 10);
  await requireContent(storage, at('file'), expected);
}

async function appendsInParallel({ storage, at, capabilities }: World): Promise<void> {
  if (capabilities.append === 'none') {
    await rejectsWith(storage.open(at('file'), 'ax'), 'ENOTSUP');
    return;
  }
  const openings = capabilities.append === 'atomic' ? 4 : 1;
  const files = await Promise.all(Array.from({ length: openings }, () => storage.open(at('file'), 'a')));
  const record = (index: number) => new Uint8Array(64).fill(index);
  const appends = Array.from({ length: 100 }, (_, index) =>
    (files[index % openings] as StorageFile).append(record(index)),
  );
  assert.deepEqual(new Set(await Promise.all(appends)), new Set([64]));
  await Promise.all(files.map((file) => file.close()));
  const reader = await storage.open(at('file'), 'r');
  const content = await readAll(reader);
  await reader.close();
  assert.equal(content.byteLength, 6400);
  const seen = new Set<number>();
  for (let offset = 0; offset < 6400; offset += 64) {
    const index = content[offset] as number;
    requireSameBytes(content.subarray(offset, offset + 64), record(index));
    seen.add(index);
  }
  assert.equal(seen.size, 100, 'every record is there');
}

async function truncates({ storage, at, capabilities }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  await file.write(pattern(100), 0);
  if (!capabilities.truncate) {
    await rejectsWith(file.truncate(10), 'ENOTSUP');
    requireSameBytes(await readAll(file), pattern(100));
    return file.close();
  }
  await file.truncate(50);
  assert.equal(await file.size(), 50);
  await file.truncate(70_000);
  const expected = new Uint8Array(70_000);
  expected.set(pattern(50));
  requireSameBytes(await readAll(file), expected);
  await file.truncate(70_000);
  await file.truncate(0);
  assert.equal(await file.size(), 0);
  await file.truncate(100);
  requireSameBytes(await readAll(file), new Uint8Array(100));
  await file.close();
  await requireContent(storage, at('file'), new Uint8Array(100));
}

async function syncs({ storage, at }: World): Promise<void> {
  const file = await storage.open(at('file'), 'w+');
  await file.write(pattern(100), 0);
  await file.sync();
  await file.sync({ dataOnly: true });
  await requireContent(storage, at('file'), pattern(100));
  await rejectsWith(file.sync({ dataOnly: 1 } as never), 'ERR_CONVEYOR_ARG_TYPE');
  await file.close();
}
