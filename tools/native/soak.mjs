#!/usr/bin/env node
// Runs the deterministic simulation of the engine in ever new worlds: `MINUTES=60 node tools/native/soak.mjs`, without
// MINUTES until it is stopped. The first failure prints its seed and the shortest script that shows it.
import { join } from 'node:path';
import { run } from '../bootstrap/child.mjs';
import { Complaint, runMain } from '../bootstrap/complaint.mjs';
import { checkMachine } from '../bootstrap/machine.mjs';
import { build } from './cmake.mjs';
import { presets } from './presets.mjs';

const endlessMinutes = '1000000';

await runMain(async () => {
  const minutes = process.env.MINUTES || endlessMinutes;
  if (!/^\d+(\.\d+)?$/.test(minutes)) throw new Complaint(`MINUTES=${minutes} is not a number.`);
  await checkMachine({ needsNpm: false });
  await build(presets.release, ['engine_sim']);
  const { code } = await run(join(presets.release.build, 'test', 'engine_sim'), ['--minutes', minutes, '--shrink'], {});
  return code;
});
