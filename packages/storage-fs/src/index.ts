/** conveyor storage on the local file system. */
export { fsCapabilities } from './capabilities.ts';
export { alignedBuffer, directIoBytes } from './direct-io.ts';
export { FsStorage, type FsStorageOptions } from './storage.ts';
export { fileProvider, fileUrlOfPath, pathOfFileUrl } from './url.ts';
