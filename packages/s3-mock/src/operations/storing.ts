import type { ChecksumAlgorithm } from '../checksums/algorithms.ts';
import { createHasher } from '../checksums/algorithms.ts';
import type { ReceivedBody } from '../http/request-body.ts';
import { S3Error } from '../s3-error.ts';
import type { Checksum, ObjectRecord, Segment } from '../store/object-record.ts';
import { acquireSegments, readSegments } from '../store/object-record.ts';
import type { Call, ServerState } from './call.ts';

/** The longest body of one PUT or part, bytes: 5 GiB. */
export const putLengthMax: number = 5 * 1024 ** 3;

/** A body that was stored; whoever has it holds its blob. */
export interface StoredBody {
  readonly length: number;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly segments: readonly Segment[];
}

/**
 * Takes the body of a PUT in and stores it.
 *
 * @param algorithm A checksum to compute although the request brings none.
 * Errors: S3Error; nothing is left behind then.
 */
export async function storeBody(call: Call, algorithm?: ChecksumAlgorithm): Promise<StoredBody> {
  const { body, server, replay } = call;
  if (replay?.stored !== undefined) {
    const again = replay.stored;
    replay.stored = undefined;
    return again;
  }
  if (body.announcedLength > putLengthMax) {
    const elements = { ProposedSize: body.announcedLength, MaxSizeAllowed: putLengthMax };
    throw new S3Error('EntityTooLarge', { elements });
  }
  const writer = server.blobs.create();
  let received: ReceivedBody;
  try {
    received = await body.receive({ sink: (bytes) => writer.write(bytes), md5: server.etag === 'md5', algorithm });
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
  const blob = await writer.finish();
  const { length, md5, checksum } = received;
  const stored: StoredBody = {
    length,
    etag: etagOf(server, md5),
    checksum: checksum && fullChecksum(checksum.algorithm, checksum.digest),
    segments: [{ blob, start: 0, length }],
  };
  if (replay !== undefined) {
    acquireSegments(stored.segments);
    replay.stored = stored;
  }
  return stored;
}

/** An ETag with its quotes: of the digest, or a random one where ETags are no digests. */
export function etagOf(server: ServerState, md5: Buffer | undefined, suffix = ''): string {
  const isDigest = server.etag === 'md5' && md5 !== undefined;
  return `"${isDigest ? md5.toString('hex') : server.randomHex(16)}${suffix}"`;
}

export function fullChecksum(algorithm: ChecksumAlgorithm, digest: Buffer): Checksum {
  return { algorithm, value: digest.toString('base64'), type: 'FULL_OBJECT' };
}

/** Reads stored bytes to hash them, as server-side copies need. */
export async function digestSegments(
  server: ServerState,
  segments: readonly Segment[],
  length: number,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<{ etag: string; checksum: Checksum | undefined }> {
  const md5 = server.etag === 'md5' ? createHasher('md5') : undefined;
  const hasher = algorithm === undefined ? undefined : createHasher(algorithm);
  if (md5 !== undefined || hasher !== undefined) {
    for await (const bytes of readSegments(segments, 0, length)) {
      md5?.update(bytes);
      hasher?.update(bytes);
    }
  }
  const checksum = algorithm && hasher && fullChecksum(algorithm, hasher.digest());
  return { etag: etagOf(server, md5?.digest()), checksum };
}

/** The object that a copy names in `x-amz-copy-source`. Errors: S3Error (InvalidArgument, NoSuchBucket, NoSuchKey). */
export function copySource({ request, server }: Call): ObjectRecord & { readonly bucket: string } {
  const header = request.header('x-amz-copy-source') ?? '';
  const [path = ''] = header.split('?');
  let decoded = '';
  try {
    decoded = decodeURIComponent(path).replace(/^\//, '');
  } catch {
    // Left empty: refused below.
  }
  const slash = decoded.indexOf('/');
  if (slash < 1 || slash === decoded.length - 1) {
    const message = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey';
    const elements = { ArgumentName: 'x-amz-copy-source', ArgumentValue: header };
    throw new S3Error('InvalidArgument', { message, elements });
  }
  const bucket = decoded.slice(0, slash);
  return { ...server.catalog.get(bucket).get(decoded.slice(slash + 1)), bucket };
}
