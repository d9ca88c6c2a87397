import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

test('L7: a missing native part throws, and says how to get it', () => {
  const env = { ...process.env, CONVEYOR_FILE_LOCK_NATIVE_PATH: join(folder, 'absent.node') };
  const { stderr, status } = spawnSync(process.execPath, [inject('worker')], {
    env,
    input: 'take exclusive 0 /tmp/file\n',
    encoding: 'utf8',
  });
  expect(stderr).toContain('ERR_CONVEYOR_NATIVE_MISSING');
  expect(stderr).toContain('absent.node does not load');
  expect(status).not.toBe(0);
});

test('L1: the package holds what a build from source needs', async () => {
  const { files } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { files: string[] };
  expect(files).toEqual(expect.arrayContaining(['dist', 'native', 'cpp/include', 'cpp/src', 'cpp/CMakeLists.txt']));
  for (const part of ['native', 'cpp']) {
    const description = await readFile(join(folder, part, 'CMakeLists.txt'), 'utf8');
    const sources = (await readdir(join(folder, part, 'src'))).filter((name) => name.endsWith('.cpp'));
    expect(sources.length).toBeGreaterThan(0);
    for (const name of sources) expect(description).toContain(`src/${name}`);
  }
});
