import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AddonPlace, loadAddon } from '@libconveyor/native-loader';
import { type NativeBinding, nativeAbi } from './native-binding.ts';

const place: AddonPlace = {
  name: 'fuse',
  packageName: '@libconveyor/fuse',
  packageFolder: join(dirname(fileURLToPath(import.meta.url)), '..'),
  buildFolder: 'fuse-addon',
  overrideVariable: 'CONVEYOR_FUSE_NATIVE_PATH',
  abi: nativeAbi,
};

let loaded: NativeBinding | undefined;

/** The addon of this thread, loaded at the first call. Errors: ERR_CONVEYOR_NATIVE_MISSING. */
export function nativeBinding(): NativeBinding {
  loaded ??= loadAddon<NativeBinding>(place);
  return loaded;
}
