/** Reads slow sources while they are being fetched: fill once, read many. */
export type { StagingEvent } from './event-log.ts';
export { EventLog } from './event-log.ts';
export type { Source, SourceAnswer, SourceRange } from './source.ts';
export { type FileSourceOptions, fileSource, type StorageSourceOptions, storageSource } from './sources/file-source.ts';
export { type HttpSourceOptions, httpSource } from './sources/http-source.ts';
export { type ByteStream, type StreamSourceOptions, streamSource } from './sources/stream-source.ts';
export { stage } from './stage.ts';
export { StagedFile } from './staged-file.ts';
export { type WithStagingOptions, withStaging } from './staged-storage.ts';
export { type StageOptions, StagingManager, type StagingStatistics } from './staging-manager.ts';
export type { StagingOptions } from './staging-options.ts';
export type { StagingProgress, StagingState } from './staging-progress.ts';
