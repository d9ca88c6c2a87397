#!/usr/bin/env node
// Kept out of dist/, so that package managers find it before anything is built.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write("conveyor-bench: it is not built yet; run 'npm run build' at the top of the repository\n");
  process.exitCode = 1;
}
