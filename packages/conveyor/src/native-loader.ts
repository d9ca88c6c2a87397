import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConveyorError } from '@libconveyor/errors';
import { type NativeBinding, nativeAbi } from './native-binding.ts';

const require = createRequire(import.meta.url);

/** Overrides every other place; a path to a `conveyor.node`. */
const overrideVariable = 'CONVEYOR_NATIVE_PATH';

/** This package's folder, from `src/` as well as from `dist/`. */
const packageFolder = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Finds and loads the addon for this platform: the override, the platform's own package, a prebuilt one in this
 * package, a local build (of the workspace, then of this package), in this order. The first that is there is taken,
 * fit or not.
 *
 * Errors: ERR_CONVEYOR_NATIVE_MISSING, which says where was looked and how to build; `cause` when one is there and
 * does not load.
 */
export function loadNative(environment: NodeJS.ProcessEnv = process.env): NativeBinding {
  const override = environment[overrideVariable];
  if (override !== undefined && override !== '') return loadFrom(override, `${overrideVariable} names it`);
  const places = candidates();
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw missing(`it is in none of ${places.join(', ')}; ${howToBuild()}`);
  return loadFrom(found, howToBuild());
}

/** `linux-x64-gnu`, `darwin-arm64`: the name of the platform's package and of its prebuilt addon. */
export function platformName(): string {
  const base = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${base}-${libc()}` : base;
}

function libc(): 'gnu' | 'musl' {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'gnu';
}

function candidates(): string[] {
  const places = [
    join(packageFolder, 'prebuilds', platformName(), 'conveyor.node'),
    join(packageFolder, '..', '..', '.build', 'addon', 'conveyor.node'),
    join(packageFolder, 'build', 'conveyor.node'),
  ];
  const fromPackage = platformPackage();
  return fromPackage === undefined ? places : [fromPackage, ...places];
}

function platformPackage(): string | undefined {
  try {
    return require.resolve(`@libconveyor/conveyor-${platformName()}/conveyor.node`);
  } catch {
    return undefined;
  }
}

function loadFrom(path: string, hint: string): NativeBinding {
  // Not by `require`, which would hand one instance to every copy of this package in the process: each has its own.
  const loaded = { exports: {} };
  try {
    process.dlopen(loaded, path);
  } catch (thrown) {
    throw missing(`${path} does not load; ${hint}`, thrown);
  }
  return requireFitting(loaded.exports as NativeBinding, path, hint);
}

/** Errors: ERR_CONVEYOR_NATIVE_MISSING for an addon that was built from other sources. */
export function requireFitting(binding: NativeBinding, path: string, hint: string): NativeBinding {
  if (binding.abi === nativeAbi) return binding;
  throw missing(`${path} was built from other sources (interface ${binding.abi}, needed is ${nativeAbi}); ${hint}`);
}

function missing(detail: string, cause?: unknown): ConveyorError {
  return new ConveyorError('ERR_CONVEYOR_NATIVE_MISSING', {
    origin: 'conveyor',
    operation: 'load',
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}

function howToBuild(): string {
  if (existsSync(join(packageFolder, '..', '..', 'tools', 'native', 'build.mjs'))) {
    return 'build it with: pnpm --filter @libconveyor/conveyor build:native';
  }
  const source = join(packageFolder, 'native');
  const build = join(packageFolder, 'build');
  const command = `cmake -S ${source} -B ${build} && cmake --build ${build}`;
  return `build it (cmake and a C++20 compiler are needed) with: ${command}`;
}
