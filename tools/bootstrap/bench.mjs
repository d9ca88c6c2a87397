#!/usr/bin/env node
// `npm run bench -- ARGS...`: builds what is missing and runs conveyor-bench.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { Complaint, runMain } from './complaint.mjs';
import { root } from './places.mjs';
import { ensureReady } from './ready.mjs';

await runMain(async () => {
  await ensureReady();
  const folder = join(root, 'apps', 'bench');
  const bin = binOf(join(folder, 'package.json'));
  if (!bin) throw new Complaint('apps/bench has no conveyor-bench in this tree.');
  return (await run(process.execPath, [join(folder, bin), ...process.argv.slice(2)], { cwd: process.cwd() })).code;
});

function binOf(path) {
  if (!existsSync(path)) return undefined;
  const { bin } = JSON.parse(readFileSync(path, 'utf8'));
  return typeof bin === 'string' ? bin : bin?.['conveyor-bench'];
}
