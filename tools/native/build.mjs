#!/usr/bin/env node
// Builds native code: `node tools/native/build.mjs --preset NAME [--target NAME]...`; presets.mjs has the names.
import { runMain } from '../bootstrap/complaint.mjs';
import { checkMachine } from '../bootstrap/machine.mjs';
import { readArguments } from './arguments.mjs';
import { build } from './cmake.mjs';
import { isPresent } from './presets.mjs';

await runMain(async () => {
  const { name, preset, values } = readArguments({ target: { type: 'string', multiple: true, default: [] } });
  if (!isPresent(preset)) {
    console.log(`${name}: nothing to build, ${preset.source} has no CMakeLists.txt`);
    return;
  }
  await checkMachine({ needsNpm: false });
  await build(preset, values.target);
});
