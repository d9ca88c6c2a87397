import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The package's folder in a copy that stands alone, built from the sources as they are. */
    readonly program: string;
  }
}

const folder = fileURLToPath(new URL('..', import.meta.url));
const addon = fileURLToPath(new URL('../../../.build/addon/conveyor.node', import.meta.url));
const fuseAddon = fileURLToPath(new URL('../../../.build/fuse-addon/fuse.node', import.meta.url));
const lockAddon = fileURLToPath(new URL('../../../.build/file-lock-addon/file_lock.node', import.meta.url));

/**
 * Builds the program once for all test files, with every package in it, into a folder that anybody may read: some tests
 * run it as another user. Returns what takes it away again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'conveyor-cli-'));
  await chmod(home, 0o755);
  await mkdir(join(home, 'dist'));
  await build({
    entry: { main: join(folder, 'src', 'main.ts') },
    outDir: join(home, 'dist'),
    config: false,
    silent: true,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    noExternal: [/./],
    esbuildOptions: (options) => {
      options.conditions = ['@libconveyor/source'];
    },
    // What those ask for that are no ES modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  await cp(join(folder, 'bin'), join(home, 'bin'), { recursive: true });
  await copyFile(join(folder, 'package.json'), join(home, 'package.json'));
  await copyFile(process.env.CONVEYOR_NATIVE_PATH || addon, join(home, 'conveyor.node'));
  await copyFile(process.env.CONVEYOR_FILE_LOCK_NATIVE_PATH || lockAddon, join(home, 'file_lock.node'));
  // Optional: there is none without libfuse3-dev.
  const mountAddon = process.env.CONVEYOR_FUSE_NATIVE_PATH || fuseAddon;
  if (existsSync(mountAddon)) await copyFile(mountAddon, join(home, 'fuse.node'));
  project.provide('program', home);
  return () => rm(home, { recursive: true, force: true });
}
