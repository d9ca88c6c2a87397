import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** lock-worker.ts as one file that node starts fast. */
    readonly worker: string;
  }
}

/** Builds the worker once for all test files, from the sources as they are. Returns what takes it away again. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'conveyor-lock-worker-'));
  await build({
    entry: { worker: fileURLToPath(new URL('lock-worker.ts', import.meta.url)) },
    outDir: home,
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
  project.provide('worker', join(home, 'worker.mjs'));
  return () => rm(home, { recursive: true, force: true });
}
