/** An S3 server for tests and benchmarks, in one line. */

export type { Bandwidth } from '@libconveyor/storage/link';
export type { CredentialStore, MockCredentials } from './auth/credentials.ts';
export type { MockClock } from './clock.ts';
export { type InjectedMockFault, MockFaultControl } from './faults/fault-control.ts';
export type { MockFault, MockFaultKind, MockFaultPlan, MockFaultRule } from './faults/mock-fault.ts';
export { type S3Operation, s3Operations } from './operation-name.ts';
export type { MockBucket, S3MockOptions } from './options.ts';
export { S3Error, type S3ErrorCode } from './s3-error.ts';
export { S3Mock, startS3Mock } from './s3-mock.ts';
export type { MockStatistics } from './statistics.ts';
export { discardedBytes } from './store/discarding-blobs.ts';
