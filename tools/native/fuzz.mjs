#!/usr/bin/env node
// Fuzzes the C API against a plain file with libFuzzer: `node tools/native/fuzz.mjs --minutes 60`. What is found stays
// in .build/fuzz/found; `--seeds` writes the seed inputs of the repository anew instead. Needs clang with libFuzzer.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../bootstrap/child.mjs';
import { Complaint, runMain } from '../bootstrap/complaint.mjs';
import { checkMachine, findProgram } from '../bootstrap/machine.mjs';
import { buildRoot, root } from '../bootstrap/places.mjs';
import { readArguments } from './arguments.mjs';
import { build } from './cmake.mjs';
import { formatHex, makeSeeds, unpackInputs } from './fuzz-inputs.mjs';
import { presets } from './presets.mjs';

const inputs = join(root, 'packages', 'core', 'test', 'fuzz', 'inputs');
const seedPlan = { count: 24, seed: 1 };

await runMain(async () => {
  const { values } = readArguments({ minutes: { type: 'string', default: '10' }, seeds: { type: 'boolean' } });
  if (values.seeds) return writeSeeds();
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes < 100_000)) throw new Complaint(`--minutes ${values.minutes} is no number of minutes.`);
  await checkMachine({ needsNpm: false });
  await build(withClang(presets.fuzz));
  return fuzz(minutes);
});

function writeSeeds() {
  const isSeed = (name) => name.startsWith('seed-');
  for (const name of readdirSync(inputs).filter(isSeed)) rmSync(join(inputs, name));
  for (const [index, bytes] of makeSeeds(seedPlan).entries()) {
    const name = `seed-${String(index + 1).padStart(2, '0')}.hex`;
    writeFileSync(join(inputs, name), formatHex(bytes, 'npm run fuzz -- --seeds'));
  }
  return 0;
}

/** libFuzzer comes with clang. @param {import('./presets.mjs').Preset} preset */
function withClang(preset) {
  const versions = ['', ...Array.from({ length: 12 }, (_, index) => `-${25 - index}`)];
  const version = versions.find((suffix) => findProgram(`clang++${suffix}`) && findProgram(`clang${suffix}`));
  if (version === undefined) {
    throw new Complaint('There is no clang++ in PATH: apt-get install clang-16 libclang-rt-16-dev');
  }
  const compilers = { CMAKE_C_COMPILER: `clang${version}`, CMAKE_CXX_COMPILER: `clang++${version}` };
  return { ...preset, settings: { ...preset.settings, ...compilers } };
}

async function fuzz(minutes) {
  const corpus = join(buildRoot, 'fuzz', 'corpus');
  const found = join(buildRoot, 'fuzz', 'found');
  mkdirSync(found, { recursive: true });
  unpackInputs(inputs, corpus);
  const { build: folder, environment } = presets.fuzz;
  const args = [
    `-max_total_time=${Math.ceil(minutes * 60)}`,
    '-max_len=400',
    '-timeout=60',
    '-rss_limit_mb=4000',
    '-detect_leaks=0', // the pool's threads free what others have allocated; the leak check of the tests is the one
    '-print_final_stats=1',
    `-artifact_prefix=${found}/`,
    corpus,
  ];
  const program = join(folder, 'test', 'fuzz', 'conveyor_fuzz');
  const { code } = await run(program, args, { stdin: 'ignore', env: { ...environment, ...process.env } });
  if (code !== 0) console.log(`FAIL an input in ${found}; every step: CONVEYOR_FUZZ_TRACE=1 ${program} INPUT`);
  return code === 0 ? 0 : 1;
}
