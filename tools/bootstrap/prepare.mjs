#!/usr/bin/env node
// Checks the machine, installs the packages and builds everything: what `npm start` does before it runs anything.
import { runMain } from './complaint.mjs';
import { ensureReady } from './ready.mjs';

await runMain(ensureReady);
