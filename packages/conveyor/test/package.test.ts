import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withTempDir } from '@libconveyor/testkit';
import { build } from 'tsup';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('..', import.meta.url));
const addon = fileURLToPath(new URL('../../../.build/addon/conveyor.node', import.meta.url));

const program = (load: string) => `
  (async () => {
    const { open, version } = ${load};
    const { MemoryStorage } = ${load};
    const handle = await open(new MemoryStorage(), 'file', 'w+');
    await handle.write('loaded');
    const { buffer } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    await handle.close();
    console.log(String(buffer), typeof version());
  })();`;

test('the built package is loaded by import and by require', async () => {
  await withTempDir(async (outDir) => {
    const entry = join(folder, 'test', 'package-entry.ts');
    await build({
      entry: { index: entry },
      outDir,
      config: false,
      silent: true,
      format: ['esm'],
      target: 'node20',
      platform: 'node',
      outExtension: () => ({ js: '.mjs' }),
      noExternal: [/^@libconveyor\//],
      esbuildOptions: (options) => {
        options.conditions = ['@libconveyor/source'];
      },
    });
    const bundle = join(outDir, 'index.mjs');
    const env = { ...process.env, CONVEYOR_NATIVE_PATH: process.env.CONVEYOR_NATIVE_PATH || addon };
    const loads = [`await import(${JSON.stringify(bundle)})`, `require(${JSON.stringify(bundle)})`];
    for (const load of loads) {
      const { stdout } = await run(process.execPath, ['--input-type=commonjs', '--eval', program(load)], { env });
      expect(stdout, load).toBe('loaded string\n');
    }
  });
});

test('the package holds what a build from source needs, every native source in it', async () => {
  const { files } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { files: string[] };
  expect(files).toEqual(expect.arrayContaining(['dist', 'native', 'prebuilds']));
  const description = await readFile(join(folder, 'native', 'CMakeLists.txt'), 'utf8');
  const sources = (await readdir(join(folder, 'native', 'src'))).filter((name) => name.endsWith('.cpp'));
  expect(sources.length).toBeGreaterThan(0);
  for (const name of sources) expect(description).toContain(`src/${name}`);
});
