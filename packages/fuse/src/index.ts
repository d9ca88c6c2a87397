/** Storages as file systems that any program can use. */
export { Mount, type MountEnd, type MountRemains, type UnmountOptions } from './mount.ts';
export { mountDirectory } from './mount-directory.ts';
export { type MountOptions, parseMountWords } from './mount-options.ts';
export { mountStorage } from './mount-storage.ts';
export type { NativeReport as MountReport, WaitingRequest } from './native-binding.ts';
