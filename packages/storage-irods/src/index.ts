/** Storage on iRODS, straight on the wire. */
export { ConnectionFailure, IrodsFailure } from './connection/failure.ts';
export type { IrodsStorageOptions } from './options.ts';
export { IrodsStorage } from './storage.ts';
