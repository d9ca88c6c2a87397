import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { MockFaultPlan } from './faults/mock-fault.ts';
import type { S3MockOptions } from './options.ts';
import { startS3Mock } from './s3-mock.ts';

interface CommandOptions {
  port: number;
  host: string;
  data?: string;
  bucket: string[];
  accessKey: string;
  secretKey: string;
  anonymous?: boolean;
  region: string;
  domain: string;
  latency?: S3MockOptions['latencyMs'];
  bandwidth?: string;
  connectionBandwidth?: string;
  faultPlan?: MockFaultPlan;
  seed: number;
  discard?: boolean;
  etag: 'md5' | 'random';
}

function parseNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** `20ms`, `20`, `10-30ms`, `~20ms` (exponential with that mean, at most ten times it). */
function parseLatency(text: string): S3MockOptions['latencyMs'] {
  const [, mean, first, last] = /^(~?)(\d+)(?:-(\d+))?(?:ms)?$/.exec(text) ?? [];
  if (first === undefined || (mean === '~' && last !== undefined)) {
    throw new InvalidArgumentError('Write 20ms, 10-30ms, or ~20ms for an exponential distribution.');
  }
  const ms = Number(first);
  if (mean === '~') return { meanMs: ms, maxMs: ms * 10 };
  return last === undefined ? ms : { minMs: ms, maxMs: Number(last) };
}

function readPlan(path: string): MockFaultPlan {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as MockFaultPlan;
  } catch (thrown) {
    throw new InvalidArgumentError((thrown as Error).message);
  }
}

function collect(one: string, before: string[]): string[] {
  return [...before, one];
}

const program = new Command('s3-mock')
  .description('An S3 server for tests and benchmarks.')
  .option('--port <number>', 'where to listen; 0 is any free port', parseNumber, 9000)
  .option('--host <address>', 'on which address', '127.0.0.1')
  .option('--data <folder>', 'keep everything there (default: in memory)')
  .option('--bucket <name>', 'a bucket to begin with; may be repeated', collect, [])
  .option('--access-key <id>', 'the key pair that it knows', 's3-mock')
  .option('--secret-key <secret>', '', 's3-mock-secret')
  .option('--anonymous', 'serve requests without a signature, too')
  .option('--region <name>', '', 'us-east-1')
  .option('--domain <name>', 'host names below it carry the bucket in front', 'localhost')
  .option('--latency <time>', '20ms, 10-30ms, or ~20ms (exponential)', parseLatency)
  .option('--bandwidth <rate>', 'of all connections together, each direction: 1Gbit, 20MB')
  .option('--connection-bandwidth <rate>', 'of each connection')
  .option('--fault-plan <file>', 'what goes wrong: JSON, see the README', readPlan)
  .option('--seed <number>', 'of everything random', parseNumber, 1)
  .option('--discard', 'count and hash bodies, keep none')
  .addOption(new Option('--etag <kind>', 'random ETags cost no hashing').choices(['md5', 'random']).default('md5'))
  .exitOverride();

async function main(): Promise<void> {
  const given = program.parse().opts<CommandOptions>();
  const { accessKey, secretKey, bucket, latency, ...rest } = given;
  const mock = await startS3Mock({
    ...rest,
    buckets: bucket,
    credentials: [{ accessKeyId: accessKey, secretAccessKey: secretKey }],
    latencyMs: latency,
  });
  process.stdout.write(
    `s3-mock listens on ${mock.endpoint}\n` +
      `AWS_ENDPOINT_URL_S3=${mock.endpoint} AWS_REGION=${mock.region} ` +
      `AWS_ACCESS_KEY_ID=${accessKey} AWS_SECRET_ACCESS_KEY=${secretKey}\n`,
  );
  const stop = (): void => void mock.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

try {
  await main();
} catch (thrown) {
  // Commander has said already what it did not like.
  if (!(thrown instanceof CommanderError)) process.stderr.write(`s3-mock: ${(thrown as Error).message}\n`);
  process.exitCode = thrown instanceof CommanderError ? thrown.exitCode : 1;
}
