import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VerificationError } from '../src/samples.ts';
import { copyTree, requireSameTree } from '../src/tree-copy.ts';

let folder: TempDir;
let source: string;
let target: string;
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await tempDir();
  source = join(folder.path, 'source');
  target = join(folder.path, 'target');
  await mkdir(join(source, 'inner', 'empty'), { recursive: true });
  await writeFile(join(source, 'inner', 'file'), 'content');
  await symlink('inner/file', join(source, 'link'));
});
afterEach(() => folder.remove());

/** A command line that does as it is told by a script's body; `source` and `target` are its last arguments. */
async function fakeCli(body: string): Promise<string> {
  const path = join(folder.path, 'conveyor.mjs');
  const head = "import { cp } from 'node:fs/promises';\nconst [source, target] = process.argv.slice(-2);\n";
  await writeFile(path, head + body);
  return path;
}

const copies = 'await cp(source, target, { recursive: true, verbatimSymlinks: true });\n';
const result = { ok: true, files: 1, directories: 3, links: 1, bytes: 7, seconds: 0.5, bytesPerSecond: 14 };

test('a copy is reported when it is the same tree', async () => {
  const cli = await fakeCli(`${copies}console.log(${JSON.stringify(JSON.stringify(result))});`);
  expect(await copyTree(source, target, never, cli)).toMatchObject({ files: 1, bytes: 7, seconds: 0.5 });
  expect(await readFile(join(target, 'inner', 'file'), 'utf8')).toBe('content');
});

test('a program that copies nothing, or fails, is not believed', async () => {
  const silent = await fakeCli(`console.log(${JSON.stringify(JSON.stringify(result))});`);
  await expect(copyTree(source, target, never, silent)).rejects.toThrow('ENOENT');
  const failing = await fakeCli("console.error('first\\nconveyor: no space left'); process.exit(1);");
  await expect(copyTree(source, target, never, failing)).rejects.toThrow(
    'conveyor cp ended with 1: conveyor: no space left',
  );
});

test('an abort ends the program', async () => {
  const controller = new AbortController();
  const endless = await fakeCli('setInterval(() => undefined, 1000);');
  const running = copyTree(source, target, controller.signal, endless);
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});

describe('a difference is named', () => {
  beforeEach(() => cp(source, target, { recursive: true, verbatimSymlinks: true }));

  test('none', async () => {
    await expect(requireSameTree(source, target)).resolves.toBeUndefined();
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['one byte', () => writeFile(join(target, 'inner', 'file'), 'Content'), /inner\/file differs/],
    ['a missing directory', () => rm(join(target, 'inner', 'empty'), { recursive: true }), /inner\/empty differs/],
    ['one file too many', () => writeFile(join(target, 'more'), ''), /more has no original/],
    [
      'a link to elsewhere',
      async () => {
        await rm(join(target, 'link'));
        await symlink('inner/other', join(target, 'link'));
      },
      /link differs/,
    ],
  ])('%s', async (_name, change, message) => {
    await change();
    await expect(requireSameTree(source, target)).rejects.toThrow(VerificationError);
    await expect(requireSameTree(source, target)).rejects.toThrow(message);
  });
});
