#!/usr/bin/env node
// `npm start`: from a fresh clone to the demonstration that apps/bench ships. Arguments are passed on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { Complaint, runMain } from './complaint.mjs';
import { root } from './places.mjs';
import { ensureReady } from './ready.mjs';

await runMain(async () => {
  await ensureReady();
  const program = join(root, 'apps', 'bench', 'dist', 'start.js');
  if (!existsSync(program)) throw new Complaint('apps/bench has no start program in this tree (src/start.ts).');
  return (await run(process.execPath, [program, ...process.argv.slice(2)], { cwd: process.cwd() })).code;
});
