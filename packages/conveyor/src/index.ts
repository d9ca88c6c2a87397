/** Write-behind and read-ahead in front of any storage. Read `open.ts` first. */
export type { Durability } from './engine-handle.ts';
export {
  ConveyorFileHandle,
  type ReadResult,
  type WaitOptions,
  type Whence,
  type WriteResult,
} from './file-handle.ts';
export { FileReadStream, type ReadStreamOptions } from './file-read-stream.ts';
export { FileStats } from './file-stats.ts';
export { FileWriteStream, type WriteStreamOptions } from './file-write-stream.ts';
/** For whoever has engines of their own in front of storages. */
export { type BackendAnswers, capabilityBits, type IoRequest, JavaScriptBackend } from './javascript-backend.ts';
export type { Latency, NativeStats as HandleStats } from './native-binding.ts';
export { open, openFile } from './open.ts';
export type { BufferingOptions, OpenFileOptions, OpenHandleOptions } from './open-options.ts';
export {
  configureRuntime,
  type DrainOptions,
  type DrainResult,
  drain,
  type RuntimeOptions,
  version,
} from './runtime.ts';
export type { Position, ReadOptions, TransferOptions } from './transfer-arguments.ts';
export type { ReadableWebStreamOptions, WritableWebStreamOptions } from './web-streams.ts';
export type { ReadFileOptions, WriteFileData, WriteFileOptions } from './whole-file.ts';
