import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AddonPlace, loadAddon } from '@libconveyor/native-loader';
import { type NativeBinding, nativeAbi } from './native-binding.ts';

/** Where this package's addon is looked for, from `src/` as well as from `dist/`. */
const place: AddonPlace = {
  name: 'conveyor',
  packageName: '@libconveyor/conveyor',
  packageFolder: join(dirname(fileURLToPath(import.meta.url)), '..'),
  buildFolder: 'addon',
  overrideVariable: 'CONVEYOR_NATIVE_PATH',
  abi: nativeAbi,
};

/** Loads this package's addon: an instance of its own at every call. Errors: those of `loadAddon`. */
export function loadNative(environment: NodeJS.ProcessEnv = process.env): NativeBinding {
  return loadAddon<NativeBinding>(place, environment);
}
