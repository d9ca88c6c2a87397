#!/usr/bin/env node
// Puts the addon that this machine has built into the package that is being packed, and takes it out again:
// `node ../../tools/native/prebuild.mjs place|remove FOLDER NAME`, in the package's folder. So a packed package runs
// on machines like this one without a compiler; for others it says how to build.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const [action, folder, name] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const prebuilds = join(process.cwd(), 'prebuilds');

/** As `platformName()` of @libconveyor/native-loader, which may not be built yet. */
function platformName() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return base;
  return `${base}-${process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}

function place() {
  const built = join(root, '.build', folder, `${name}.node`);
  if (!existsSync(built)) {
    console.warn(`packed without a binary: there is no ${relative(root, built)} (npm run build makes it)`);
    return;
  }
  const target = join(prebuilds, platformName(), `${name}.node`);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(built, target);
  // Without what only debuggers read, where there is a strip(1).
  spawnSync('strip', ['--strip-unneeded', target]);
}

if (!['place', 'remove'].includes(action) || folder === undefined || name === undefined) {
  console.error('usage: prebuild.mjs place|remove FOLDER NAME');
  process.exitCode = 2;
} else if (action === 'place') {
  place();
} else {
  // Beside the sources it would be loaded in place of a newer build.
  rmSync(prebuilds, { recursive: true, force: true });
}
