import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../../..', import.meta.url));
const register = new URL('../../../packages/testkit/loader/register.mjs', import.meta.url).href;

/** The first block of a language in the README. */
async function example(language: string): Promise<string> {
  const page = await readFile(join(top, 'README.md'), 'utf8');
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1];
  if (block === undefined) throw new Error(`README.md has no example in ${language}`);
  return block;
}

// The C examples are run by packages/core/test/install.
test("README's example for Node.js does what it says", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-readme-'));
  try {
    const path = join(folder, 'hello.txt');
    const program = (await example('js')).replace('/tmp/hello.txt', path);
    expect(program).toContain(path);
    const flags = ['--conditions=@libconveyor/source', '--import', register, '--input-type=module'];
    const { stdout } = await run(process.execPath, [...flags, '--eval', program], { cwd: top });
    expect(stdout).toMatch(/^hello, world\n100000 writes became \d{1,3}\n10 MiB in writes of 4 KiB: /);
    expect(await readFile(path, 'utf8')).toBe('hello, world\n'.repeat(100_000));
  } finally {
    await rm(folder, { recursive: true });
  }
});
