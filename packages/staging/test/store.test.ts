import { Prng, tempDir, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { stage } from '../src/index.ts';
import { expectBytes, readBytes, ScriptedSource } from './scripted-source.ts';

const mebi = 1024 ** 2;

test('T1: the fetch begins at once, and reads return what the source has', async () => {
  await using dir = await tempDir();
  const content = new Prng(1n).bytes(3 * mebi + 17);
  const source = new ScriptedSource(content);
  await using file = await stage(source, { dir: dir.path });
  expect(source.requests.length).toBe(1);
  expectBytes(await readBytes(file, 0, content.byteLength), content);
  expectBytes(await readBytes(file, content.byteLength - 3, 100), Buffer.from(content.slice(-3)));
  expect(await readBytes(file, content.byteLength, 100)).toEqual(Buffer.alloc(0));
  await withDeadline(file.whenComplete(), 'completion');
  expect(file.progress).toMatchObject({ state: 'complete', bytes: content.byteLength, size: content.byteLength });
});
