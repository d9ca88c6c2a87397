import { mapError, origin, Refusal } from './error-map.ts';
import type { CheckedOptions } from './options.ts';
import { S3Client } from './protocol/client.ts';
import { surroundings } from './protocol/configuration.ts';
import { Connections } from './protocol/connections.ts';
import { CredentialSource, usualCredentials } from './protocol/credential-source.ts';
import { endpointOf } from './protocol/endpoint.ts';

/** The client for a bucket. Nothing is sent yet. */
export async function connectClient(options: CheckedOptions): Promise<{ client: S3Client; connections: Connections }> {
  const { bucket, addressing, connectionsMax, stallTimeoutMs, attemptsMax, retryDelayMs } = options;
  if (!/^[^/\s]+$/.test(bucket)) {
    throw mapError(new Refusal('EINVAL', `'${bucket}' cannot be the name of a bucket`), {
      origin,
      operation: 'locate',
    });
  }
  const isComplete = options.region !== undefined && options.endpoint !== undefined;
  const found = isComplete ? { region: undefined, endpoint: undefined } : await surroundings(process.env);
  const endpoint = endpointOf(bucket, options.endpoint ?? found.endpoint, addressing);
  const connections = new Connections({ connectionsMax, stallTimeoutMs });
  const client = new S3Client({
    endpoint,
    region: options.region ?? found.region ?? 'us-east-1',
    credentials: credentialsOf(options),
    connections,
    retry: { attemptsMax, delayMs: retryDelayMs, clock: options.clock, random: Math.random },
    signsPayload: options.signsPayload,
    timeMs: options.timeMs,
    onRequest: options.onRequest,
  });
  return { client, connections };
}

function credentialsOf({ credentials, timeMs }: CheckedOptions): CredentialSource | undefined {
  if (credentials === 'anonymous') return undefined;
  if (typeof credentials === 'function') return new CredentialSource(credentials, timeMs);
  if (credentials === undefined) return new CredentialSource(usualCredentials(), timeMs);
  return new CredentialSource(async () => credentials, timeMs);
}
