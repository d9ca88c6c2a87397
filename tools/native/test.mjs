#!/usr/bin/env node
// Builds a preset and runs its tests: `node tools/native/test.mjs --preset release|tsan|asan [--filter SUBSTRING]`.
import { runMain } from '../bootstrap/complaint.mjs';
import { checkMachine } from '../bootstrap/machine.mjs';
import { closingLine } from '../bootstrap/tally.mjs';
import { readArguments } from './arguments.mjs';
import { build } from './cmake.mjs';
import { runPrograms } from './run-programs.mjs';

await runMain(async () => {
  const { preset, values } = readArguments({ filter: { type: 'string' } });
  await checkMachine({ needsNpm: false });
  await build(preset);
  const tally = await runPrograms(preset, { args: values.filter ? ['--filter', values.filter] : [] });
  console.log(closingLine(tally));
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
});
