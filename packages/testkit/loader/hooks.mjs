// Loader hooks of register.mjs; Node runs them on a thread of their own (https://nodejs.org/api/module.html#hooks).
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

/** Loads a `.ts` file as a module; everything else goes on as usual. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !/\.m?ts(\?|$)/.test(url)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = await transform(await readFile(path, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: path,
    sourcemap: 'inline',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
