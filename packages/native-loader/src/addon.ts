import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConveyorError } from '@libconveyor/errors';
import { platformName } from './platform.ts';

/** What every addon of ours says about itself. */
export interface AnyBinding {
  readonly abi: number;
}

/** Where an addon may lie, and what it must be. */
export interface AddonPlace {
  /** Of the file, without `.node`. */
  readonly name: string;
  /** `@libconveyor/conveyor`; its platform packages are called the same, with the platform behind a hyphen. */
  readonly packageName: string;
  /** The folder that holds the package's `src/`, `dist/` and `native/`. */
  readonly packageFolder: string;
  /** The folder below the workspace's `.build` that the addon is built in. */
  readonly buildFolder: string;
  /** Names another file, before every other place. */
  readonly overrideVariable: string;
  /** An addon with another number does not fit the JavaScript around it. */
  readonly abi: number;
}

/**
 * Finds and loads an addon for this platform: the override, the platform's own package, a local build (of the
 * workspace, then of the package), the prebuilt one that was packed, in this order: who builds one because the packed
 * one does not load here gets it. The first that is there is taken, fit or not.
 *
 * Errors: ERR_CONVEYOR_NATIVE_MISSING, which says where was looked and how to build; `cause` when one is there and
 * does not load.
 */
export function loadAddon<Binding extends AnyBinding>(
  place: AddonPlace,
  environment: NodeJS.ProcessEnv = process.env,
): Binding {
  const { overrideVariable } = place;
  const override = environment[overrideVariable];
  if (override !== undefined && override !== '') return loadFrom(place, override, `${overrideVariable} names it`);
  const places = candidates(place);
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw missing(`it is in none of ${places.join(', ')}; ${howToBuild(place)}`);
  return loadFrom(place, found, howToBuild(place));
}

/** Errors: ERR_CONVEYOR_NATIVE_MISSING for an addon that was built from other sources. */
export function requireFitting<Binding extends AnyBinding>(
  binding: Binding,
  abi: number,
  path: string,
  hint: string,
): Binding {
  if (binding.abi === abi) return binding;
  throw missing(`${path} was built from other sources (interface ${binding.abi}, needed is ${abi}); ${hint}`);
}

function candidates({ name, packageName, packageFolder, buildFolder }: AddonPlace): string[] {
  const file = `${name}.node`;
  const places = [
    join(packageFolder, '..', '..', '.build', buildFolder, file),
    join(packageFolder, 'build', file),
    join(packageFolder, 'prebuilds', platformName(), file),
  ];
  const require = createRequire(join(packageFolder, 'package.json'));
  try {
    return [require.resolve(`${packageName}-${platformName()}/${file}`), ...places];
  } catch {
    return places;
  }
}

function loadFrom<Binding extends AnyBinding>({ abi }: AddonPlace, path: string, hint: string): Binding {
  // Not by `require`, which would hand one instance to every copy of a package in the process: each has its own.
  const loaded = { exports: {} };
  try {
    process.dlopen(loaded, path);
  } catch (thrown) {
    throw missing(`${path} does not load; ${hint}`, thrown);
  }
  return requireFitting(loaded.exports as Binding, abi, path, hint);
}

function missing(detail: string, cause?: unknown): ConveyorError {
  return new ConveyorError('ERR_CONVEYOR_NATIVE_MISSING', {
    origin: 'conveyor',
    operation: 'load',
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}

function howToBuild({ packageName, packageFolder }: AddonPlace): string {
  if (existsSync(join(packageFolder, '..', '..', 'tools', 'native', 'build.mjs'))) {
    return `build it with: pnpm --filter ${packageName} build:native`;
  }
  const source = join(packageFolder, 'native');
  const build = join(packageFolder, 'build');
  const command = `cmake -S ${quoted(source)} -B ${quoted(build)} && cmake --build ${quoted(build)}`;
  return `build it (cmake and a C++20 compiler are needed) with: ${command}`;
}

/** For a POSIX shell. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
