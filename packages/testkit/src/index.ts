/** What deterministic tests of concurrent I/O need. The C++ twins are under `cpp/include/conveyor/testkit`. */
export { Barrier, Latch, SyncPoint } from './barrier.ts';
export { deadlineError, eventually, waitDeadlineMs, withDeadline } from './deadline.ts';
export { FileModel } from './file-model.ts';
export { ManualClock, type ManualTimer } from './manual-clock.ts';
export { Prng } from './prng.ts';
export { SharedBarrier, type SharedBarrierPlace } from './shared-barrier.ts';
export { type TempDir, tempDir, withTempDir } from './temp-dir.ts';
export { spawnWorker, TestWorker, type WorkerSettings } from './worker.ts';
