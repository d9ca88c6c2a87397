import { parseAlgorithm } from '../checksums/algorithms.ts';
import { isCombinable } from '../checksums/combine.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import { acquireSegments, type PartRecord, releaseSegments, sliceSegments } from '../store/object-record.ts';
import { element, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';
import { requireCopyable } from './conditions.ts';
import { checksumHeaders, storedHeaders } from './object-headers.ts';
import { copyResult } from './objects.ts';
import { parseCopyRange } from './range.ts';
import { copySource, digestSegments, putLengthMax, type StoredBody, storeBody } from './storing.ts';

/** How many parts an upload may have. */
export const partNumberMax = 10_000;

export async function createMultipartUpload({ request, bucket, server }: Call): Promise<Answer> {
  const named = request.header('x-amz-checksum-algorithm');
  const algorithm = named === undefined ? undefined : parseAlgorithm(named);
  if (named !== undefined && algorithm === undefined) {
    const message =
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
      '[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]';
    throw new S3Error('InvalidRequest', { message });
  }
  const byDefault = algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
  const type = request.header('x-amz-checksum-type')?.toUpperCase() ?? byDefault;
  const isFull = type === 'FULL_OBJECT';
  const fits = isFull ? algorithm !== undefined && isCombinable(algorithm) : algorithm !== 'crc64nvme';
  if ((!isFull && type !== 'COMPOSITE') || (request.header('x-amz-checksum-type') !== undefined && !fits)) {
    const message = `The ${type} checksum type cannot be used with the ${named ?? 'null'} checksum algorithm.`;
    throw new S3Error('InvalidRequest', { message });
  }
  const id = `${server.randomHex(24)}`;
  const headers = storedHeaders(request);
  const checksumType = isFull ? 'FULL_OBJECT' : 'COMPOSITE';
  await bucket.startUpload({ id, key: request.keyName, startedMs: server.epochMs(), headers, algorithm, checksumType });
  const content = element('Bucket', request.bucket) + element('Key', request.key) + element('UploadId', id);
  const answerHeaders: Record<string, string> =
    algorithm === undefined
      ? {}
      : { 'x-amz-checksum-algorithm': algorithm.toUpperCase(), 'x-amz-checksum-type': checksumType };
  return documentAnswer(s3Document('InitiateMultipartUploadResult', content), answerHeaders);
}

function partNumberOf(request: S3Request): number {
  const text = request.query.get('partNumber');
  const number = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && number >= 1 && number <= partNumberMax) return number;
  const message = `Part number must be an integer between 1 and ${partNumberMax}, inclusive`;
  throw new S3Error('InvalidArgument', {
    message,
    elements: { ArgumentName: 'partNumber', ArgumentValue: text ?? '' },
  });
}

export function uploadIdOf(request: S3Request): string {
  return request.query.get('uploadId') ?? '';
}

export async function uploadPart(call: Call): Promise<Answer> {
  const { request, body, bucket, server } = call;
  const number = partNumberOf(request);
  const upload = bucket.upload(request.keyName, uploadIdOf(request));
  const brought = body.checksumAlgorithm;
  if (upload.algorithm !== undefined && brought !== undefined && brought !== upload.algorithm) {
    const types = `expected checksum Type: ${upload.algorithm}, actual checksum Type: ${brought}`;
    const message = `Checksum Type mismatch occurred, ${types}`;
    throw new S3Error('InvalidRequest', { message });
  }
  const stored = await storeBody(call, upload.algorithm);
  await keepPart(call, { ...stored, number, modifiedMs: server.epochMs() });
  return { status: 200, headers: { etag: stored.etag, ...checksumHeaders(stored.checksum) } };
}

async function keepPart({ request, bucket }: Call, part: PartRecord): Promise<void> {
  try {
    await bucket.putPart(request.keyName, uploadIdOf(request), part);
  } catch (thrown) {
    releaseSegments(part.segments);
    throw thrown;
  }
}

export async function uploadPartCopy(call: Call): Promise<Answer> {
  const { request, bucket, server } = call;
  const number = partNumberOf(request);
  const upload = bucket.upload(request.keyName, uploadIdOf(request));
  const source = copySource(call);
  requireCopyable(request, source);
  const range = parseCopyRange(request.header('x-amz-copy-source-range'), source.length);
  const length = range.end - range.start;
  if (length > putLengthMax) {
    const elements = { ProposedSize: length, MaxSizeAllowed: putLengthMax };
    throw new S3Error('EntityTooLarge', { elements });
  }
  const segments = sliceSegments(source.segments, range.start, range.end);
  acquireSegments(segments);
  let stored: StoredBody;
  try {
    stored = { length, segments, ...(await digestSegments(server, segments, length, upload.algorithm)) };
  } catch (thrown) {
    releaseSegments(segments);
    throw thrown;
  }
  const part = { ...stored, number, modifiedMs: server.epochMs() };
  await keepPart(call, part);
  return documentAnswer(s3Document('CopyPartResult', copyResult(part)));
}

export async function abortMultipartUpload({ request, bucket }: Call): Promise<Answer> {
  await bucket.endUpload(request.keyName, uploadIdOf(request));
  return { status: 204, headers: {} };
}
