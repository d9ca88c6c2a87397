import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildRoot, root } from '../bootstrap/places.mjs';

/**
 * One way of building native code.
 *
 * @typedef {object} Preset
 * @property {string} source Folder of the CMakeLists.txt.
 * @property {string} build Folder that CMake builds in.
 * @property {Record<string, string>} settings CMake cache entries.
 * @property {Record<string, string>} environment What the programs built this way run with.
 * @property {string[]} catches Kinds of canary that this way of building must catch: `canary_<kind>_*`.
 * @property {{module: string, versionMin: string, packages: string[]}} [needs] A library without which it is left out:
 *   its name for pkg-config, the oldest version that will do, and Debian's packages.
 */

const core = join(root, 'packages', 'core');

/** Native code that does not hang on the engine, and is built and tested with it. */
const alongside = [join(root, 'packages', 'file-lock', 'cpp')];

/** @returns {Preset} */
function corePreset(name, { sanitizers = '', bench = 'OFF', environment = {}, catches = [] }) {
  return {
    source: core,
    build: join(buildRoot, name),
    settings: {
      CMAKE_BUILD_TYPE: 'RelWithDebInfo',
      CONVEYOR_BUILD_TESTS: 'ON',
      CONVEYOR_BUILD_BENCH: bench,
      CONVEYOR_SANITIZE: sanitizers,
      CONVEYOR_BUILD_ALONGSIDE: alongside.join(';'),
    },
    environment,
    catches,
  };
}

/** @returns {Preset} */
function addonPreset(name, folder, settings = {}) {
  return {
    source: join(root, 'packages', name, 'native'),
    build: join(buildRoot, folder),
    settings: { CMAKE_BUILD_TYPE: 'RelWithDebInfo', ...settings },
    environment: {},
    catches: [],
  };
}

/** @type {Record<string, Preset>} */
export const presets = {
  release: corePreset('release', { bench: 'ON' }),
  tsan: corePreset('tsan', {
    sanitizers: 'thread',
    environment: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
    catches: ['race'],
  }),
  asan: corePreset('asan', {
    sanitizers: 'address,undefined',
    environment: {
      ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    },
    catches: ['heap', 'ub'],
  }),
  fuzz: {
    source: core,
    build: join(buildRoot, 'fuzz', 'build'),
    settings: {
      CMAKE_BUILD_TYPE: 'RelWithDebInfo',
      CONVEYOR_BUILD_TESTS: 'OFF',
      CONVEYOR_BUILD_FUZZERS: 'ON',
      CONVEYOR_SANITIZE: 'fuzzer-no-link,address,undefined',
    },
    environment: {
      ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    },
    catches: [],
  },
  addon: addonPreset('conveyor', 'addon'),
  'fuse-addon': {
    ...addonPreset('fuse', 'fuse-addon'),
    needs: { module: 'fuse3', versionMin: '3.12', packages: ['pkg-config', 'libfuse3-dev', 'fuse3'] },
  },
  'file-lock-addon': addonPreset('file-lock', 'file-lock-addon', { CONVEYOR_BUILD_LOCK_WORKER: 'ON' }),
};

/**
 * What keeps a preset from being built on this machine, in one line with the remedy; undefined where nothing does.
 *
 * @param {Preset} preset
 * @returns {string | undefined}
 */
export function lackOf({ needs }) {
  if (needs === undefined) return undefined;
  const { module, versionMin, packages } = needs;
  const { status } = spawnSync('pkg-config', [`--atleast-version=${versionMin}`, module], { stdio: 'ignore' });
  if (status === 0) return undefined;
  return `it needs ${module} ${versionMin} or newer; on Debian: apt-get install ${packages.join(' ')}`;
}

/** Whether the tree has what the preset builds. @param {Preset} preset */
export const isPresent = ({ source }) => existsSync(join(source, 'CMakeLists.txt'));
