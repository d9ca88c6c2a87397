import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Mock } from '../src/index.ts';

/** An SDK client for a mock that does not try again by itself. */
export function clientOf(mock: S3Mock, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: mock.endpoint,
    region: mock.region,
    credentials: mock.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}
