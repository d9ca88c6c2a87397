import { resolve } from 'node:path';
import { requireString } from '@libconveyor/errors';
import { Mount } from './mount.ts';
import { checkMountOptions, type MountOptions, nativeSettings } from './mount-options.ts';
import { nativeBinding } from './native-loader.ts';

/**
 * Mounts a directory of this machine at another place. Everything happens in native threads; bytes go straight to the
 * file system underneath, which buffers them itself.
 *
 * Errors: ERR_CONVEYOR_NATIVE_MISSING without the native part, ENOENT, ENOTDIR, EPERM; TypeError and RangeError for
 * options.
 * Clauses: M1 to M5.
 */
export async function mountDirectory(
  directory: string,
  mountPoint: string,
  options: MountOptions = {},
): Promise<Mount> {
  requireString('directory', directory);
  requireString('mountPoint', mountPoint);
  checkMountOptions(options);
  const native = nativeBinding();
  const place = resolve(mountPoint);
  const root = resolve(directory);
  const settings = nativeSettings(place, `file:${root}`, options, true, true);
  return Mount.begin(native, place, (listener) =>
    native.mountLocal({ ...settings, root, acl: options.accessLists ?? false }, listener),
  );
}
