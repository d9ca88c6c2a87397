/** The contract between conveyor and its storages. Read `storage.ts` first. */
export { abortError, throwIfAborted } from './abort.ts';
export type { Capabilities, IoLimits } from './capabilities.ts';
export { FileAdapter } from './file-adapter.ts';
export type { FileContext } from './file-admission.ts';
export type { Attributes, DirectoryEntry, FileStat, FileType } from './file-stat.ts';
export {
  commonFlags,
  type FlagString,
  flagNames,
  isReadable,
  isWritable,
  type OpenFlags,
  parseFlags,
} from './flags.ts';
export { type Clock, systemClock } from './layers/clock.ts';
export type { Fault, FaultPlan, FaultRule } from './layers/fault-plan.ts';
export { InterceptedStorage } from './layers/intercepted.ts';
export {
  type Call,
  type Interceptor,
  type OperationName,
  operationNames,
  type Proceed,
} from './layers/interceptor.ts';
export { type Random, seededRandom } from './layers/random.ts';
export { type FaultControl, type FaultyStorage, type InjectedFault, withFaults } from './layers/with-faults.ts';
export { type Latency, type LatencyOptions, withLatency } from './layers/with-latency.ts';
export {
  type OperationEnd,
  type OperationStart,
  type StorageObserver,
  withObservation,
} from './layers/with-observation.ts';
export { type RetryOptions, withRetry } from './layers/with-retry.ts';
export { MemoryStorage, type MemoryStorageOptions, memoryCapabilities } from './memory/memory-storage.ts';
export type {
  CopyOptions,
  MkdirOptions,
  OpenOptions,
  OperationOptions,
  ReplacementOptions,
  StatOptions,
  SyncOptions,
} from './operation-options.ts';
export type { StorageLocation, StorageProvider } from './provider.ts';
export { Replacement, type ReplacementSteps } from './replacement.ts';
export { SharedLock } from './shared-lock.ts';
export type { Storage, StorageFile, StorageReplacement } from './storage.ts';
export { StorageAdapter, type StorageIdentity } from './storage-adapter.ts';
export type { StorageContext } from './storage-admission.ts';
