import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FsStorage } from '../src/index.ts';

let dir: TempDir;
let storage: FsStorage;

beforeEach(async () => {
  dir = await tempDir();
  storage = new FsStorage();
});

afterEach(async () => {
  await storage.close();
  await dir.remove();
});

const at = (name: string) => `${dir.path}/${name}`;
const isRoot = process.geteuid?.() === 0;

/** Runs `work` as a user who is not root; file permissions then mean something. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (!isRoot) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('openReplacement', () => {
  test('the file lies hidden beside its target until then', async () => {
    const file = await storage.openReplacement(at('file'));
    const names = readdirSync(dir.path);
    expect(names).toEqual([expect.stringMatching(/^\.conveyor-.*\.tmp$/)]);
    await file.commit();
    expect(readdirSync(dir.path)).toEqual(['file']);
  });

  test('readers keep the old inode, the name gets a new one', async () => {
    writeFileSync(at('file'), 'old');
    const before = statSync(at('file')).ino;
    const file = await storage.openReplacement(at('file'));
    await file.write(Buffer.from('new'), 0);
    expect(statSync(file.path).ino).toBe(before);
    await file.commit();
    expect(statSync(at('file')).ino).not.toBe(before);
    expect(readFileSync(at('file'), 'utf8')).toBe('new');
  });

  test('another hard link keeps the old content', async () => {
    writeFileSync(at('file'), 'old');
    linkSync(at('file'), at('other'));
    const file = await storage.openReplacement(at('file'));
    await file.commit();
    expect(readFileSync(at('other'), 'utf8')).toBe('old');
  });

  test('a link to another directory is replaced there', async () => {
    mkdirSync(at('a'));
    mkdirSync(at('b'));
    symlinkSync('../b/file', at('a/link'));
    symlinkSync('a', at('way'));
    const file = await storage.openReplacement(at('way/link'));
    expect(readdirSync(at('b'))).toHaveLength(1);
    await file.write(Buffer.from('x'), 0);
    await file.commit();
    expect(readFileSync(at('b/file'), 'utf8')).toBe('x');
    expect(readdirSync(at('a'))).toEqual(['link']);
  });

  test('a target that became a directory meanwhile is an error, and the file is kept for another try', async () => {
    const file = await storage.openReplacement(at('file'));
    await file.write(Buffer.from('x'), 0);
    mkdirSync(at('file'));
    await expect(file.commit()).rejects.toMatchObject({ code: 'EISDIR', operation: 'commit', path: at('file') });
    await storage.remove(at('file'));
    await file.commit();
    expect(readFileSync(at('file'), 'utf8')).toBe('x');
  });

  test('a hidden file that somebody removed is an error', async () => {
    writeFileSync(at('file'), 'old');
    const file = await storage.openReplacement(at('file'));
    const hidden = readdirSync(dir.path).find((name) => name.startsWith('.conveyor-'));
    unlinkSync(at(hidden as string));
    await expect(file.commit()).rejects.toMatchObject({ code: 'ENOENT' });
    await file.abort();
    expect(readFileSync(at('file'), 'utf8')).toBe('old');
  });

  test('nobody can read a private file’s bytes before it has its name', async () => {
    const file = await storage.openReplacement(at('file'), { mode: 0o600 });
    const [hidden] = readdirSync(dir.path);
    expect(statSync(at(hidden as string)).mode & 0o777).toBe(0o600);
    await file.abort();
  });

  test('a path that ends as a directory does is EISDIR', async () => {
    for (const path of [at('new/'), at('.'), '/', at('x/..')]) {
      await expect(storage.openReplacement(path)).rejects.toMatchObject({ code: 'EISDIR' });
    }
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test('a copy is one inode of its own, with bits and times', async () => {
    writeFileSync(at('file'), 'bytes');
    chmodSync(at('file'), 0o640);
    await storage.setAttributes(at('file'), { mtimeMs: 1_234_567_890_123, atimeMs: 1_111_111_111_000 });
    await storage.copy(at('file'), at('copy'));
    const copy = statSync(at('copy'));
    expect(copy.ino).not.toBe(statSync(at('file')).ino);
    expect(copy.mode & 0o7777).toBe(0o640);
    expect(Math.abs(copy.mtimeMs - 1_234_567_890_123)).toBeLessThan(0.01);
    expect(Math.abs(copy.atimeMs - 1_111_111_111_000)).toBeLessThan(0.01);
    linkSync(at('file'), at('same'));
    await expect(storage.copy(at('file'), at('same'))).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('times', () => {
  test.each([1_600_000_000_250, 1_600_000_000_300.001, 1_722_222_222_123.456])(
    'of %d ms are set to the nearest microsecond',
    async (ms) => {
      writeFileSync(at('file'), '');
      await storage.setAttributes(at('file'), { mtimeMs: ms, atimeMs: ms });
      const { mtimeNs, atimeNs } = statSync(at('file'), { bigint: true });
      expect(mtimeNs).toBe(BigInt(Math.round(ms * 1000)) * 1000n);
      expect(atimeNs).toBe(mtimeNs);
    },
  );
});

describe('without permission', () => {
  test('it is EACCES, and nothing is left behind', async () => {
    mkdirSync(at('closed'));
    writeFileSync(at('closed/file'), 'old');
    writeFileSync(at('secret'), 'old');
    chmodSync(at('closed'), 0o555);
    chmodSync(at('secret'), 0o000);
    chmodSync(dir.path, 0o755);
    await unprivileged(async () => {
      await expect(storage.openReplacement(at('closed/file'))).rejects.toMatchObject({ code: 'EACCES' });
      await expect(storage.open(at('closed/new'), 'w')).rejects.toMatchObject({ code: 'EACCES', kind: 'permission' });
      await expect(storage.open(at('secret'), 'r')).rejects.toMatchObject({ code: 'EACCES' });
      await expect(storage.remove(at('closed/file'))).rejects.toMatchObject({ code: 'EACCES' });
      await expect(storage.mkdir(at('closed/new'))).rejects.toMatchObject({ code: 'EACCES' });
    });
    chmodSync(at('closed'), 0o755);
    expect(readdirSync(at('closed'))).toEqual(['file']);
    expect(readFileSync(at('closed/file'), 'utf8')).toBe('old');
  });

  test('the owner of a replaced file stays its owner, as far as we may', async () => {
    writeFileSync(at('file'), 'old');
    if (isRoot) chownSync(at('file'), 65534, 65534);
    chmodSync(at('file'), 0o4755);
    const owner = statSync(at('file')).uid;
    const file = await storage.openReplacement(at('file'));
    await file.write(Buffer.from('new'), 0);
    await file.commit();
    expect(statSync(at('file')).uid).toBe(owner);
    expect(statSync(at('file')).mode & 0o7777).toBe(0o4755);
  });
});
