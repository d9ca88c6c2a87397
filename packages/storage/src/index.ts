/** The contract between conveyor and its storages. Read `storage.ts` first. */
export type { Capabilities, IoLimits } from './capabilities.ts';
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
export type {
  CopyOptions,
  MkdirOptions,
  OpenOptions,
  OperationOptions,
  ReplacementOptions,
  StatOptions,
  SyncOptions,
} from './operation-options.ts';
export type { Storage, StorageFile, StorageReplacement } from './storage.ts';
