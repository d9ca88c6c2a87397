import assert from 'node:assert/strict';
import { constants } from 'node:fs';
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

/* openReplacement: the name has the old content, or the new one, and never a part. */

/** The cases for a storage that can replace; one that cannot has a trait that says ENOTSUP. */
export const replacementCases: readonly ContractCase[] = [
  { title: 'a replacement shows under its name when it is committed, not before', run: showsAtCommit },
  { title: 'a replacement that is aborted or closed leaves the old file', run: dropsOnAbort },
  { title: 'a replacement reads what it wrote', run: readsItself },
  { title: 'a committed replacement is closed for everything', run: endsWithCommit },
  { title: 'commit that is aborted before can be repeated', run: repeatsCommit },
  { title: 'commit may insist that the name is new', run: commitsExclusively },
  { title: 'commit may insist on the version that it replaces', run: commitsByVersion },
  { title: 'a replacement keeps or sets the permission bits', run: keepsModes },
  { title: 'closing the storage drops replacements', run: dropsOnStorageClose },
  { title: 'replacements race, and one of them is there in whole', run: racesWhole },
];

async function showsAtCommit({ storage, at, base, capabilities, fd }: World): Promise<void> {
  await createFile(storage, at('old'), pattern(100));
  for (const name of ['old', 'new']) {
    const file = await storage.openReplacement(at(name));
    assert.equal(file.path, at(name));
    assert.equal(file.flags, constants.O_RDWR);
    assert.equal(file.fd !== undefined, fd, `fd is ${String(file.fd)}`);
    await writeAll(file, pattern(200_000, 2), 60_000);
    if (name === 'old') await requireContent(storage, at('old'), pattern(100));
    else await rejectsWith(storage.stat(at('new')), 'ENOENT');
    if (capabilities.posix !== 'none') await file.setAttributes({ mtimeMs: 1_000_000_000_000 });
    await file.commit();
    await requireContent(storage, at(name), pattern(200_000, 2));
    if (capabilities.posix !== 'none') assert.equal((await storage.stat(at(name))).mtimeMs, 1_000_000_000_000);
  }
  const empty = await storage.openReplacement(at('empty'));
  await empty.commit();
  await requireContent(storage, at('empty'), new Uint8Array(0));
  assert.deepEqual(await namesIn(storage, base), ['empty', 'new', 'old'], 'nothing else is left behind');
}

async function dropsOnAbort({ storage, at, base }: World): Promise<void> {
  await createFile(storage, at('old'), pattern(100));
  for (const end of ['abort', 'close'] as const) {
    for (const name of ['old', 'new']) {
      const file = await storage.openReplacement(at(name));
      await file.write(pattern(100, 2), 0);
      await file[end]();
      await file[end]();
      await rejectsWith(file.commit(), 'EBADF');
      await rejectsWith(file.write(pattern(1), 0), 'EBADF');
    }
  }
  {
    await using disposed = await storage.openReplacement(at('old'));
    await disposed.write(pattern(100, 2), 0);
  }
  await requireContent(storage, at('old'), pattern(100));
  assert.deepEqual(await namesIn(storage, base), ['old']);
}

async function readsItself({ storage, at, capabilities }: World): Promise<void> {
  const file = await storage.openReplacement(at('file'));
  await file.write(pattern(100), 0);
  requireSameBytes(await readAll(file), pattern(100));
  assert.equal((await file.stat()).type, 'file');
  await rejectsWith(file.append(pattern(1)), 'EINVAL');
  if (capabilities.truncate) await file.truncate(50);
  await file.sync();
  await file.commit();
  await requireContent(storage, at('file'), pattern(100).subarray(0, capabilities.truncate ? 50 : 100));
}

async function endsWithCommit({ storage, at }: World): Promise<void> {
  const file = await storage.openReplacement(at('file'));
  await file.write(pattern(10), 0);
  await file.commit();
  await rejectsWith(file.commit(), 'EBADF');
  await rejectsWith(file.abort(), 'EBADF');
  await rejectsWith(file.write(pattern(10, 2), 0), 'EBADF');
  await rejectsWith(file.read(new Uint8Array(1), 0), 'EBADF');
  assert.equal(file.fd, undefined);
  await file.close();
  await requireContent(storage, at('file'), pattern(10));
}

async function repeatsCommit({ storage, at }: World): Promise<void> {
  const file = await storage.openReplacement(at('file'));
  await file.write(pattern(10), 0);
  await rejectsWith(file.commit({ signal: AbortSignal.abort() }), 'ECANCELED');
  await rejectsWith(file.commit({ colour: 'red' } as never), 'ERR_CONVEYOR_UNKNOWN_OPTION');
  await rejectsWith(storage.stat(at('file')), 'ENOENT');
  await file.write(pattern(10, 2), 10);
  await file.commit();
  const expected = new Uint8Array(20);
  expected.set(pattern(10));
  expected.set(pattern(10, 2), 10);
  await requireContent(storage, at('file'), expected);
}

async function commitsExclusively({ storage, at, base, capabilities }: World): Promise<void> {
  const begin = () => storage.openReplacement(at('file'), { exclusive: true });
  if (capabilities.conditional === 'none') {
    await rejectsWith(begin(), 'ENOTSUP');
    return;
  }
  const first = await begin();
  const second = await begin();
  await first.write(pattern(10), 0);
  await second.write(pattern(10, 2), 0);
  await first.commit();
  await rejectsWith(second.commit(), 'EEXIST');
  await second.abort();
  await requireContent(storage, at('file'), pattern(10));
  await rejectsWith(storage.openReplacement(at('file'), { exclusive: true, ifVersion: 'any' }), 'EINVAL');
  assert.deepEqual(await namesIn(storage, base), ['file']);
}

async function commitsByVersion({ storage, at, base, capabilities }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  if (capabilities.conditional !== 'replace' || capabilities.changeDetection === 'none') {
    await rejectsWith(storage.openReplacement(at('file'), { ifVersion: 'any' }), 'ENOTSUP');
    return;
  }
  const { version } = await storage.stat(at('file'));
  const first = await storage.openReplacement(at('file'), { ifVersion: version });
  const second = await storage.openReplacement(at('file'), { ifVersion: version });
  await first.write(pattern(10, 2), 0);
  await second.write(pattern(10, 3), 0);
  await first.commit();
  await rejectsWith(second.commit(), 'ESTALE');
  await second.abort();
  await requireContent(storage, at('file'), pattern(10, 2));
  const gone = await storage.openReplacement(at('gone'), { ifVersion: version });
  await rejectsWith(gone.commit(), 'ESTALE');
  await gone.close();
  assert.deepEqual(await namesIn(storage, base), ['file']);
}

async function keepsModes({ storage, at, capabilities }: World): Promise<void> {
  if (capabilities.posix !== 'full') {
    await rejectsWith(storage.openReplacement(at('file'), { mode: 0o600 }), 'ENOTSUP');
    return;
  }
  const given = await storage.openReplacement(at('file'), { mode: 0o777 });
  await given.commit();
  assert.equal((await storage.stat(at('file'))).mode, 0o777, 'exactly, whatever the umask');
  await storage.setAttributes(at('file'), { mode: 0o604 });
  const kept = await storage.openReplacement(at('file'));
  await kept.write(pattern(10), 0);
  await kept.commit();
  assert.equal((await storage.stat(at('file'))).mode, 0o604);
  const set = await storage.openReplacement(at('file'));
  await set.setAttributes({ mode: 0o4711 });
  await set.write(pattern(11), 0);
  await set.commit();
  assert.equal((await storage.stat(at('file'))).mode, 0o4711);
  const fresh = await storage.openReplacement(at('fresh'));
  await fresh.commit();
  await createFile(storage, at('plain'), pattern(1));
  assert.equal((await storage.stat(at('fresh'))).mode, (await storage.stat(at('plain'))).mode);
}

async function dropsOnStorageClose({ storage, at, base }: World): Promise<void> {
  await createFile(storage, at('file'), pattern(10));
  const file = await storage.openReplacement(at('file'));
  await file.write(pattern(10, 2), 0);
  assert.deepEqual((await namesIn(storage, base)).includes('file'), true);
  await storage.close();
  await rejectsWith(file.commit(), 'EBADF');
  await rejectsWith(file.write(pattern(1), 0), 'EBADF');
}

async function racesWhole({ storage, at, base }: World): Promise<void> {
  const files = await Promise.all(Array.from({ length: 6 }, () => storage.openReplacement(at('file'))));
  await Promise.all(files.map((file, index) => file.write(pattern(5000 + index, index), 0)));
  await Promise.all(files.map((file) => file.commit()));
  const reader = await storage.open(at('file'), 'r');
  const content = await readAll(reader);
  await reader.close();
  requireSameBytes(content, pattern(content.byteLength, content.byteLength - 5000));
  assert.deepEqual(await namesIn(storage, base), ['file']);
}
