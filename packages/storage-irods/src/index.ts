/** Storage on iRODS, straight on the wire. */
export { ConnectionFailure, IrodsFailure } from './connection/failure.ts';
export { type IrodsEnvironment, readEnvironment, readPassword, writePassword, writeSettings } from './environment.ts';
export { type LoginRequest, logIn } from './log-in.ts';
export type { IrodsStorageOptions } from './options.ts';
export { IrodsStorage } from './storage.ts';
export { type IrodsPlace, irodsProvider, irodsProviderWith, placeOfIrodsUrl } from './url.ts';
