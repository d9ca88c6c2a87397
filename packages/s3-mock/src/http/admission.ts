import { authenticate, type Identity } from '../auth/authenticate.ts';
import type { CredentialStore } from '../auth/credentials.ts';
import type { S3Operation } from '../operation-name.ts';
import type { ServerState } from '../operations/call.ts';
import { readingOperations } from '../operations/operation-table.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';

/** Who may come in. */
export interface AdmissionSettings {
  readonly server: ServerState;
  readonly credentials: CredentialStore;
  /** Requests without a signature are served. */
  readonly anonymous: boolean;
}

export interface Admitted {
  readonly operation: S3Operation;
  /** Undefined for a request without a signature. */
  readonly identity: Identity | undefined;
}

/**
 * Lets a request in: its signature, its region, what it may do.
 *
 * Errors: S3Error, worded as S3 words it.
 */
export function admit(settings: AdmissionSettings, request: S3Request): Admitted {
  const { server, credentials, anonymous } = settings;
  const identity = authenticate(request, credentials, server.epochMs());
  if (identity === undefined && !anonymous) throw new S3Error('AccessDenied');
  const { operation } = request;
  if (operation === undefined) {
    throw new S3Error(request.method === 'OPTIONS' ? 'MethodNotAllowed' : 'NotImplemented');
  }
  const bucket = request.bucket === undefined ? undefined : server.catalog.find(request.bucket)?.settings;
  requireRegion(server, bucket, identity);
  const mayWrite = !bucket?.readOnly && !identity?.credentials.readOnly;
  if (!mayWrite && !readingOperations.has(operation)) throw new S3Error('AccessDenied');
  return { operation, identity };
}

/** A bucket of another region answers requests that are signed for it; others learn where it is. */
function requireRegion(
  server: ServerState,
  bucket: { readonly name: string; readonly region: string } | undefined,
  identity: Identity | undefined,
): void {
  const expected = bucket?.region ?? server.region;
  if (identity === undefined || identity.region === expected) return;
  const headers: Record<string, string> = bucket === undefined ? {} : { 'x-amz-bucket-region': expected };
  if (bucket !== undefined && identity.region === server.region) {
    const elements = { Endpoint: `${bucket.name}.s3.${expected}.amazonaws.com`, Bucket: bucket.name };
    throw new S3Error('PermanentRedirect', { elements, headers });
  }
  const regions = `the region '${identity.region}' is wrong; expecting '${expected}'`;
  const message = `The authorization header is malformed; ${regions}`;
  throw new S3Error('AuthorizationHeaderMalformed', { message, elements: { Region: expected }, headers });
}
