#!/usr/bin/env node
// The repository's pnpm: `node tools/bootstrap/pnpm.mjs ARGS...` runs the pinned version, fetching it on first use.
import { runMain } from './complaint.mjs';
import { pnpm } from './pinned-pnpm.mjs';

await runMain(async () => (await pnpm(process.argv.slice(2), { cwd: process.cwd() })).code);
