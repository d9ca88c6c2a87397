import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tempDir } from '@libconveyor/testkit';
import { build } from 'tsup';
import { expect, test } from 'vitest';

const bench = fileURLToPath(new URL('../bench', import.meta.url));

/** The long form writes 50 GiB: `node packages/storage-s3/bench/memory.mjs`, after a build. */
test('an upload of 1 GiB takes less than 300 MiB of memory', { timeout: 120_000 }, async () => {
  const dir = await tempDir();
  try {
    await build({
      entry: { memory: join(bench, 'memory.mjs'), 'discarding-server': join(bench, 'discarding-server.mjs') },
      outDir: dir.path,
      outExtension: () => ({ js: '.mjs' }),
      config: false,
      silent: true,
      format: ['esm'],
      target: 'node20',
      platform: 'node',
      noExternal: [/./],
      esbuildOptions: (options) => {
        options.conditions = ['@libconveyor/source'];
      },
      banner: {
        js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
      },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [join(dir.path, 'memory.mjs'), '--gib', '1']);
    expect(stdout).toMatch(/resident at most, complete/);
  } finally {
    await dir.remove();
  }
});
