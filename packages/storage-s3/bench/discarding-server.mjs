import { startS3Mock } from '@libconveyor/s3-mock';

const mock = await startS3Mock({ buckets: ['memory'], discard: true, etag: 'random' });
process.send({ endpoint: mock.endpoint, credentials: mock.credentials });
process.on('disconnect', () => mock.close());
