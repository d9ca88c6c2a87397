import assert from 'node:assert/strict';
import type { DirectoryEntry } from '../file-stat.ts';
import {
  type ContractCase,
  createFile,
  namesIn,
  pattern,
  rejectsWith,
  requireContent,
  requireSameBytes,
  type World,
} from './contract-case.ts';

/* Names: stat, list, mkdir, remove, rename, copy. */

/** The cases, each for every storage. */
export const namespaceCases: readonly ContractCase[] = [
  { title: 'stat tells a file from a directory', run: tellsTypes },
  { title: 'what is not there is ENOENT', run: missesNames },
  { title: 'names may hold anything but a slash and NUL', run: keepsOddNames },
  { title: 'list gives every entry once, and may be left early', run: listsAll },
  { title: 'a path through a file is ENOTDIR', run: refusesPathsThroughFiles },
  { title: 'a directory is no file: EISDIR', run: refusesDirectoriesAsFiles },
  { title: 'mkdir makes one directory, or with its parents', run: makesDirectories },
  { title: 'remove takes files and empty directories', run: removes },
  { title: 'a file removed or replaced while open never shows other bytes', run: keepsOpenFiles },
  { title: 'rename moves a file, over another one too', run: renamesFiles },
  { title: 'rename moves directories, and refuses what rename(2) refuses', run: renamesDirectories },
  { title: 'copy gives an equal file of its own', run: copies },
  { title: 'copy may insist that the target is new', run: copiesExclusively },
];

async function tellsTypes({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const stat = await storage.stat(at('file'));
  assert.equal(stat.type, 'file');
  assert.equal(stat.size, 10);
  assert.ok(Math.abs(stat.mtimeMs - Date.now()) < 3_600_000, `mtimeMs ${stat.mtimeMs} is milliseconds since 1970`);
  if (base !== '') assert.equal((await storage.stat(base)).type, 'directory');
  if (!capabilities.directories) return;
  await storage.mkdir(at('directory'));
  const directory = await storage.stat(at('directory'));
  assert.equal(directory.type, 'directory');
  assert.equal(directory.size, 0);
  assert.notEqual(directory.identity ?? 'directory', stat.identity ?? 'file');
}

async function missesNames({ storage, at, base, capabilities }: World): Promise<void> {
  await rejectsWith(storage.stat(at('missing')), 'ENOENT');
  await rejectsWith(storage.stat(at('missing'), { followLinks: false }), 'ENOENT');
  await rejectsWith(storage.open(at('missing'), 'r'), 'ENOENT');
  await rejectsWith(storage.remove(at('missing')), 'ENOENT');
  await rejectsWith(namesIn(storage, at('missing')), 'ENOENT');
  if (capabilities.rename !== 'none') await rejectsWith(storage.rename(at('missing'), at('new')), 'ENOENT');
  if (capabilities.serverCopy) await rejectsWith(storage.copy(at('missing'), at('new')), 'ENOENT');
  if (capabilities.posix !== 'none') await rejectsWith(storage.setAttributes(at('missing'), { mtimeMs: 0 }), 'ENOENT');
  if (capabilities.directories) {
    await rejectsWith(storage.open(at('missing/file'), 'w'), 'ENOENT');
    await rejectsWith(storage.mkdir(at('missing/directory')), 'ENOENT');
    if (capabilities.atomicReplace) await rejectsWith(storage.openReplacement(at('missing/file')), 'ENOENT');
  }
  const error = await rejectsWith(storage.stat(at('missing')), 'ENOENT');
  assert.equal((error as { path?: unknown }).path, at('missing'), 'the error names the path');
  assert.equal((error as { operation?: unknown }).operation, 'stat', 'and the operation');
  assert.deepEqual(await namesIn(storage, base), []);
}

const oddNames = [
  'with space',
  ' ',
  'ünïcödé',
  '\u{1f4be}',
  'a%20b',
  'a?b#c&d=e',
  `q'"\``,
  '-rf',
  '.hidden',
  '...',
  'a\\b',
  '~',
  '*[x]',
];

async function keepsOddNames({ storage, at, base }: World): Promise<void> {
  for (const [index, name] of oddNames.entries()) await createFile(storage, at(name), pattern(10, index));
  assert.deepEqual(await namesIn(storage, base), [...oddNames].sort());
  for (const [index, name] of oddNames.entries()) await requireContent(storage, at(name), pattern(10, index));
  for (const name of oddNames) await storage.remove(at(name));
  assert.deepEqual(await namesIn(storage, base), []);
}

async function listsAll({ storage, at, base, capabilities }: World): Promise<void> {
  assert.deepEqual(await namesIn(storage, base === '' ? '/' : base), []);
  const names = Array.from({ length: 70 }, (_, index) => `file-${index}`);
  for (const name of names) await createFile(storage, at(name), pattern(3));
  if (capabilities.directories) await storage.mkdir(at('directory'));
  const entries: DirectoryEntry[] = [];
  for await (const entry of storage.list(base === '' ? '/' : base)) entries.push(entry);
  const files = entries.filter((entry) => entry.type === 'file');
  assert.deepEqual(files.map((entry) => entry.name).sort(), [...names].sort());
  for (const { stat } of files) assert.equal(stat?.size ?? 3, 3);
  assert.equal(entries.length - files.length, capabilities.directories ? 1 : 0);
  let seen = 0;
  for await (const entry of storage.list(base === '' ? '/' : base)) {
    assert.ok(entry.name);
    if (++seen === 3) break;
  }
  assert.equal(seen, 3);
  const controller = new AbortController();
  const aborted = async () => {
    for await (const _ of storage.list(base === '' ? '/' : base, { signal: controller.signal })) controller.abort();
  };
  await rejectsWith(aborted(), 'ECANCELED');
}

async function refusesPathsThroughFiles({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (!capabilities.directories) {
    await rejectsWith(storage.stat(at('file/below')), ['ENOENT', 'ENOTDIR']);
    return;
  }
  await rejectsWith(storage.stat(at('file/below')), 'ENOTDIR');
  await rejectsWith(storage.open(at('file/below'), 'w'), 'ENOTDIR');
  await rejectsWith(storage.mkdir(at('file/below')), 'ENOTDIR');
  await rejectsWith(storage.remove(at('file/below')), 'ENOTDIR');
  await rejectsWith(namesIn(storage, at('file')), 'ENOTDIR');
  await requireContent(storage, at('file'), pattern(10));
}

async function refusesDirectoriesAsFiles({ storage, at, capabilities }: World): Promise<void> {
  if (!capabilities.directories) {
    await rejectsWith(storage.mkdir(at('directory')), 'ENOTSUP');
    return;
  }
  await storage.mkdir(at('directory'));
  for (const flags of ['r', 'w', 'r+'] as const) {
    if (flags === 'r+' && !capabilities.randomWrite) continue;
    await rejectsWith(storage.open(at('directory'), flags), 'EISDIR');
  }
  if (capabilities.atomicReplace) await rejectsWith(storage.openReplacement(at('directory')), 'EISDIR');
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.serverCopy) {
    await rejectsWith(storage.copy(at('directory'), at('copied')), 'EISDIR');
    await rejectsWith(storage.copy(at('file'), at('directory')), 'EISDIR');
  }
  assert.equal((await storage.stat(at('directory'))).type, 'directory');
}

async function makesDirectories({ storage, at, base, capabilities }: World): Promise<void> {
  if (!capabilities.directories) {
    await rejectsWith(storage.mkdir(at('directory'), { recursive: true }), 'ENOTSUP');
    return;
  }
  await storage.mkdir(at('one'));
  await rejectsWith(storage.mkdir(at('one')), 'EEXIST');
  await storage.mkdir(at('one'), { recursive: true });
  await storage.mkdir(at('one/two/three'), { recursive: true });
  await createFile(storage, at('one/two/three/file'), pattern(10));
  await storage.mkdir(at('one/two/three'), { recursive: true });
  await rejectsWith(storage.mkdir(at('one/two/three/file'), { recursive: true }), 'EEXIST');
  await rejectsWith(storage.mkdir(at('one/two/three/file')), 'EEXIST');
  assert.deepEqual(await namesIn(storage, base), ['one']);
  assert.deepEqual(await namesIn(storage, at('one/two')), ['three']);
  assert.deepEqual(await namesIn(storage, at('one/two/three')), ['file']);
}

async function removes({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  await storage.remove(at('file'));
  await rejectsWith(storage.stat(at('file')), 'ENOENT');
  await rejectsWith(storage.remove(at('file')), 'ENOENT');
  if (capabilities.directories) {
    await storage.mkdir(at('directory'));
    await createFile(storage, at('directory/file'), pattern(10));
    await rejectsWith(storage.remove(at('directory')), 'ENOTEMPTY');
    await requireContent(storage, at('directory/file'), pattern(10));
    await storage.remove(at('directory/file'));
    await storage.remove(at('directory'));
  }
  assert.deepEqual(await namesIn(storage, base), []);
}

async function keepsOpenFiles({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(100));
  const removed = await storage.open(at('file'), 'r');
  await storage.remove(at('file'));
  await requireOldBytesOrStale(removed.read.bind(removed), capabilities.posix === 'full');
  await createFile(storage, at('file'), pattern(100, 2));
  await requireOldBytesOrStale(removed.read.bind(removed), capabilities.posix === 'full');
  await removed.close();
  if (!capabilities.atomicReplace) return;
  const replaced = await storage.open(at('file'), 'r');
  const file = await storage.openReplacement(at('file'));
  await file.write(pattern(100), 0);
  await file.commit();
  const buffer = new Uint8Array(100);
  const count = await replaced.read(buffer, 0).catch((thrown: { code?: unknown }) => thrown.code);
  assert.ok(count === 100 || count === 'ESTALE', `old bytes or ESTALE, not ${String(count)}`);
  if (count === 100) requireSameBytes(buffer, pattern(100, 2));
  await replaced.close();
}

async function requireOldBytesOrStale(
  read: (buffer: Uint8Array, offset: number) => Promise<number>,
  mustKeep: boolean,
): Promise<void> {
  const buffer = new Uint8Array(100);
  const outcome = await read(buffer, 0).catch((thrown: { code?: unknown }) => thrown.code);
  if (mustKeep || outcome !== 'ESTALE') assert.equal(outcome, 100);
  if (outcome === 100) requireSameBytes(buffer, pattern(100));
}

async function renamesFiles({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('source'), pattern(10));
  if (capabilities.rename === 'none') {
    await rejectsWith(storage.rename(at('source'), at('target')), 'ENOTSUP');
    return requireContent(storage, at('source'), pattern(10));
  }
  await storage.rename(at('source'), at('target'));
  assert.deepEqual(await namesIn(storage, base), ['target']);
  await requireContent(storage, at('target'), pattern(10));
  await createFile(storage, at('source'), pattern(10, 2));
  await storage.rename(at('source'), at('target'));
  assert.deepEqual(await namesIn(storage, base), ['target']);
  await requireContent(storage, at('target'), pattern(10, 2));
  await storage.rename(at('target'), at('target'));
  await requireContent(storage, at('target'), pattern(10, 2));
  await rejectsWith(storage.rename(at('source'), at('target')), 'ENOENT');
  await rejectsWith(storage.rename(at('target'), ''), 'ERR_CONVEYOR_ARG_RANGE');
  await requireContent(storage, at('target'), pattern(10, 2));
}

async function renamesDirectories({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (!capabilities.directories || capabilities.rename === 'none') {
    await requireContent(storage, at('file'), pattern(10));
    return;
  }
  await storage.mkdir(at('source/inner'), { recursive: true });
  await createFile(storage, at('source/inner/file'), pattern(10, 2));
  await rejectsWith(storage.rename(at('source'), at('source/inner/below')), 'EINVAL');
  await rejectsWith(storage.rename(at('source'), at('file')), 'ENOTDIR');
  await rejectsWith(storage.rename(at('file'), at('source')), 'EISDIR');
  await storage.mkdir(at('full'));
  await createFile(storage, at('full/file'), pattern(1));
  await rejectsWith(storage.rename(at('source'), at('full')), 'ENOTEMPTY');
  await storage.mkdir(at('empty'));
  await storage.rename(at('source'), at('empty'));
  assert.deepEqual(await namesIn(storage, base), ['empty', 'file', 'full']);
  await requireContent(storage, at('empty/inner/file'), pattern(10, 2));
  await storage.rename(at('empty/inner'), at('moved'));
  await requireContent(storage, at('moved/file'), pattern(10, 2));
  await storage.remove(at('empty'));
}

async function copies({ storage, at, base, capabilities }: World): Promise<void> {
  const bytes = pattern(300_000);
  await createFile(storage, at('source'), bytes);
  if (!capabilities.serverCopy) {
    await rejectsWith(storage.copy(at('source'), at('target')), 'ENOTSUP');
    assert.deepEqual(await namesIn(storage, base), ['source']);
    return;
  }
  if (capabilities.posix !== 'none') await storage.setAttributes(at('source'), { mtimeMs: 1_000_000_000_000 });
  await storage.copy(at('source'), at('target'));
  await requireContent(storage, at('target'), bytes);
  if (capabilities.posix !== 'none') assert.equal((await storage.stat(at('target'))).mtimeMs, 1_000_000_000_000);
  await createFile(storage, at('source'), pattern(5));
  await requireContent(storage, at('target'), bytes);
  await storage.copy(at('source'), at('target'));
  await requireContent(storage, at('target'), pattern(5));
  await rejectsWith(storage.copy(at('source'), at('source')), 'EINVAL');
  await requireContent(storage, at('source'), pattern(5));
  assert.deepEqual(await namesIn(storage, base), ['source', 'target'], 'nothing else is left behind');
}

async function copiesExclusively({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('source'), pattern(10));
  await createFile(storage, at('target'), pattern(5));
  const copy = (target: string) => storage.copy(at('source'), at(target), { exclusive: true });
  const possible = capabilities.serverCopy && capabilities.conditional !== 'none';
  await rejectsWith(copy('target'), possible ? 'EEXIST' : 'ENOTSUP');
  await requireContent(storage, at('target'), pattern(5));
  if (possible) {
    await copy('new');
    await requireContent(storage, at('new'), pattern(10));
  }
  assert.deepEqual(await namesIn(storage, base), possible ? ['new', 'source', 'target'] : ['source', 'target']);
}
