import assert from 'node:assert/strict';
import type { Attributes } from '../file-stat.ts';
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
} from './contract-case.ts';

/* What a name says about itself: times, permission bits, identity, versions; symbolic links. */

/** The cases, each for every storage. */
export const attributeCases: readonly ContractCase[] = [
  { title: 'times can be set, by name and on the open file', run: setsTimes },
  { title: 'permission bits can be set, by name, on the open file and at creation', run: setsModes },
  { title: 'attributes that make no sense are misuse', run: refusesBadAttributes },
  { title: 'identity tells the same file from another one', run: identifies },
  { title: 'version changes with the content', run: versions },
  { title: 'open may insist on a version', run: opensByVersion },
  { title: 'symbolic links are followed by stat and open, and not by list and remove', run: followsLinks },
  { title: 'O_EXCL takes a symbolic link for what it is; loops are ELOOP', run: distrustsLinks },
];

// A whole second, because some storages keep no more.
const aTimeMs = 1_234_567_890_000;

async function setsTimes({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.posix === 'none') {
    await rejectsWith(storage.setAttributes(at('file'), { mtimeMs: aTimeMs }), 'ENOTSUP');
    return;
  }
  await storage.setAttributes(at('file'), { mtimeMs: aTimeMs, atimeMs: aTimeMs + 5000 });
  const stat = await storage.stat(at('file'));
  assert.equal(stat.mtimeMs, aTimeMs);
  assert.equal(stat.atimeMs ?? aTimeMs + 5000, aTimeMs + 5000);
  await storage.setAttributes(at('file'), { atimeMs: aTimeMs + 9000 });
  assert.equal((await storage.stat(at('file'))).mtimeMs, aTimeMs, 'what is not given does not change');
  const file = await storage.open(at('file'), 'w');
  await file.write(pattern(10), 0);
  await file.setAttributes({ mtimeMs: aTimeMs + 1000 });
  await file.close();
  assert.equal((await storage.stat(at('file'))).mtimeMs, aTimeMs + 1000);
  await requireContent(storage, at('file'), pattern(10));
}

async function setsModes({ storage, at, capabilities }: World): Promise<void> {
  if (capabilities.posix !== 'full') {
    await createFile(storage, at('file'), pattern(10));
    await rejectsWith(storage.setAttributes(at('file'), { mode: 0o600 }), 'ENOTSUP');
    await rejectsWith(storage.open(at('other'), 'w', { mode: 0o600 }), 'ENOTSUP');
    if (capabilities.directories) await rejectsWith(storage.mkdir(at('other'), { mode: 0o700 }), 'ENOTSUP');
    assert.equal((await storage.stat(at('file'))).mode, undefined);
    return;
  }
  const file = await storage.open(at('file'), 'w', { mode: 0o640 });
  assert.equal((await storage.stat(at('file'))).mode, 0o640);
  await file.setAttributes({ mode: 0o604 });
  assert.equal((await file.stat()).mode, 0o604);
  await file.close();
  await storage.setAttributes(at('file'), { mode: 0o751 });
  assert.equal((await storage.stat(at('file'))).mode, 0o751);
  if (!capabilities.directories) return;
  await storage.mkdir(at('directory'), { mode: 0o710 });
  assert.equal((await storage.stat(at('directory'))).mode, 0o710);
}

async function refusesBadAttributes({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const set = (attributes: unknown) => storage.setAttributes(at('file'), attributes as Attributes);
  await rejectsWith(set(undefined), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(set('mode'), 'ERR_CONVEYOR_ARG_TYPE');
  await rejectsWith(set({}), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(set({ owner: 'me' }), 'ERR_CONVEYOR_UNKNOWN_OPTION');
  await rejectsWith(set({ mode: -1 }), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(set({ mode: 0o10000 }), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(set({ mtimeMs: Number.NaN }), 'ERR_CONVEYOR_ARG_RANGE');
  await rejectsWith(set({ mtimeMs: new Date() }), 'ERR_CONVEYOR_ARG_TYPE');
  if (capabilities.posix === 'full') {
    await rejectsWith(storage.open(at('new'), 'w', { mode: 0o20000 }), 'ERR_CONVEYOR_ARG_RANGE');
    await rejectsWith(storage.open(at('new'), 'w', { mode: '644' as never }), 'ERR_CONVEYOR_ARG_TYPE');
  }
  await rejectsWith(storage.stat(at('new')), 'ENOENT');
}

async function identifies({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('one'), pattern(10));
  await createFile(storage, at('two'), pattern(10));
  const one = await storage.stat(at('one'));
  const file = await storage.open(at('one'), 'r');
  assert.equal((await file.stat()).identity, one.identity);
  await file.close();
  if (one.identity === undefined) assert.notEqual(capabilities.posix, 'full', 'a full storage knows identities');
  else assert.notEqual((await storage.stat(at('two'))).identity, one.identity);
}

async function versions({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const before = await storage.stat(at('file'));
  if (capabilities.changeDetection === 'none') {
    assert.equal(before.version, undefined);
    return;
  }
  assert.equal(typeof before.version, 'string');
  assert.equal((await storage.stat(at('file'))).version, before.version);
  await requireContent(storage, at('file'), pattern(10));
  assert.equal((await storage.stat(at('file'))).version, before.version, 'reading changes nothing');
  // Of another length, which also a weak version shows.
  await createFile(storage, at('file'), pattern(11));
  const changed = await storage.stat(at('file'));
  assert.notEqual(changed.version, before.version);
  if (capabilities.changeDetection !== 'strong') return;
  await createFile(storage, at('file'), pattern(11, 2));
  assert.notEqual((await storage.stat(at('file'))).version, changed.version);
}

async function opensByVersion({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const { version } = await storage.stat(at('file'));
  if (version === undefined) {
    await rejectsWith(storage.open(at('file'), 'r', { ifVersion: 'any' }), 'ENOTSUP');
    return;
  }
  const file = await storage.open(at('file'), 'r', { ifVersion: version });
  requireSameBytes(await readAll(file), pattern(10));
  await file.close();
  await rejectsWith(storage.open(at('file'), 'w', { ifVersion: version }), 'EINVAL');
  await requireContent(storage, at('file'), pattern(10));
  await createFile(storage, at('file'), pattern(11));
  await rejectsWith(storage.open(at('file'), 'r', { ifVersion: version }), 'ESTALE');
  if (capabilities.randomWrite) await rejectsWith(storage.open(at('file'), 'r+', { ifVersion: version }), 'ESTALE');
  await rejectsWith(storage.open(at('missing'), 'r', { ifVersion: version }), 'ENOENT');
}

async function followsLinks({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.posix !== 'full') {
    await rejectsWith(storage.makeLink('file', at('link')), 'ENOTSUP');
    return;
  }
  await storage.makeLink('file', at('link'));
  assert.equal(await storage.readLink(at('link')), 'file');
  assert.equal((await storage.stat(at('link'))).type, 'file');
  assert.equal((await storage.stat(at('link'), { followLinks: false })).type, 'symlink');
  assert.equal((await storage.stat(at('link'))).identity, (await storage.stat(at('file'))).identity);
  await requireContent(storage, at('link'), pattern(10));
  const types: Record<string, string> = {};
  for await (const entry of storage.list(base === '' ? '/' : base)) types[entry.name] = entry.type;
  assert.deepEqual(types, { file: 'file', link: 'symlink' });
  await rejectsWith(storage.readLink(at('file')), 'EINVAL');
  await rejectsWith(storage.makeLink('other', at('link')), 'EEXIST');
  await createFile(storage, at('link'), pattern(5, 2));
  await requireContent(storage, at('file'), pattern(5, 2));
  if (capabilities.atomicReplace) {
    const replacement = await storage.openReplacement(at('link'));
    await replacement.write(pattern(6, 3), 0);
    await replacement.commit();
    await requireContent(storage, at('file'), pattern(6, 3));
    assert.equal(await storage.readLink(at('link')), 'file', 'what the link leads to was replaced, not the link');
  }
  const moved = capabilities.rename === 'none' ? 'link' : 'moved';
  if (moved === 'moved') await storage.rename(at('link'), at('moved'));
  assert.equal(await storage.readLink(at(moved)), 'file');
  await storage.remove(at(moved));
  assert.deepEqual(await namesIn(storage, base), ['file']);
}

async function distrustsLinks({ storage, at, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.posix !== 'full') {
    await rejectsWith(storage.readLink(at('file')), 'ENOTSUP');
    return;
  }
  await storage.makeLink('missing', at('dangling'));
  await rejectsWith(storage.open(at('dangling'), 'r'), 'ENOENT');
  await rejectsWith(storage.open(at('dangling'), 'wx'), capabilities.conditional === 'none' ? 'ENOTSUP' : 'EEXIST');
  await createFile(storage, at('dangling'), pattern(3));
  await requireContent(storage, at('missing'), pattern(3));
  await storage.makeLink('loop', at('loop'));
  await rejectsWith(storage.open(at('loop'), 'r'), 'ELOOP');
  await rejectsWith(storage.stat(at('loop')), 'ELOOP');
  await rejectsWith(storage.openReplacement(at('loop')), capabilities.atomicReplace ? 'ELOOP' : 'ENOTSUP');
  assert.equal((await storage.stat(at('loop'), { followLinks: false })).type, 'symlink');
  await storage.remove(at('loop'));
}
