#!/usr/bin/env node
// Builds native code: `node tools/native/build.mjs --preset NAME [--target NAME]...`; presets.mjs has the names.
import { Complaint, runMain } from '../bootstrap/complaint.mjs';
import { checkMachine } from '../bootstrap/machine.mjs';
import { readArguments } from './arguments.mjs';
import { build } from './cmake.mjs';
import { isPresent, lackOf } from './presets.mjs';

await runMain(async () => {
  const { name, preset, values } = readArguments({ target: { type: 'string', multiple: true, default: [] } });
  if (!isPresent(preset)) {
    console.log(`${name}: nothing to build, ${preset.source} has no CMakeLists.txt`);
    return;
  }
  const lack = lackOf(preset);
  if (lack !== undefined) throw new Complaint(`${name} cannot be built here: ${lack}`);
  await checkMachine({ needsNpm: false });
  await build(preset, values.target);
});
