// What package.test.ts builds: the package, and a storage to try it on.
export { open, version } from '@libconveyor/conveyor';
export { MemoryStorage } from '@libconveyor/storage';
