import { startS3Mock } from '@libconveyor/s3-mock';

/*
 * The S3 server of the s3 suite, in a process of its own: what it costs is not the client's. The arguments say how far
 * away it is; its parent asks for its counts. ETags are random, because no client should pay for their hashing.
 */

const [, , latencyMs = '0', bandwidth = ''] = process.argv;
const mock = await startS3Mock({
  buckets: ['bench'],
  latencyMs: Number(latencyMs),
  ...(bandwidth === '' ? {} : { bandwidth: Number(bandwidth) }),
  etag: 'random',
  // For the side that measures what the server can do: it signs nothing.
  anonymous: true,
});

process.on('message', async ({ id, ask, key, length }: { id: number; ask: string; key: string; length: number }) => {
  if (ask === 'create') await mock.createObject('bench', key, length);
  if (ask === 'reset') mock.resetStats();
  process.send?.({ id, stats: mock.stats });
});
process.on('disconnect', () => void mock.close());
process.send?.({ endpoint: mock.endpoint, credentials: mock.credentials });
