import { createHash } from 'node:crypto';
import { checksumAlgorithms, checksumElement, createHasher } from '../checksums/algorithms.ts';
import { combineCrcs } from '../checksums/combine.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import {
  acquireSegments,
  type Checksum,
  type PartRecord,
  releaseSegments,
  type UploadRecord,
} from '../store/object-record.ts';
import { element, parseXml, s3Document, type XmlNode } from '../xml.ts';
import { type Answer, type Call, documentAnswer, type ServerState } from './call.ts';
import { writeCondition } from './conditions.ts';
import { requirePart } from './list-uploads.ts';
import { partNumberMax, uploadIdOf } from './multipart.ts';
import { checksumInHeaders } from './object-headers.ts';
import { etagOf, fullChecksum } from './storing.ts';

/** The longest object, bytes: 5 TiB. */
export const objectLengthMax: number = 5 * 1024 ** 4;
/** 10,000 parts with their checksums fit well. */
const documentLengthMax = 8 * 1024 ** 2;

export async function completeMultipartUpload(call: Call): Promise<Answer> {
  const { request, body, bucket, server } = call;
  const condition = writeCondition(request);
  const uploadId = uploadIdOf(request);
  const upload = bucket.upload(request.keyName, uploadId);
  const root = parseXml(await body.receiveText(documentLengthMax, true), 'CompleteMultipartUpload');
  const named = root?.all('Part') ?? [];
  if (named.length === 0 || named.length > partNumberMax) throw new S3Error('MalformedXML');
  const parts = namedParts(named, upload);
  requireLengths(parts, server.partLengthMin, request);
  const etag = completedEtag(parts, server);
  const checksum = completedChecksum(parts, upload);
  requireAnnounced(request, checksum);
  const segments = parts.flatMap((part) => part.segments);
  acquireSegments(segments);
  const { key, headers } = upload;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const partLengths = parts.map((part) => part.length);
  try {
    const modifiedMs = server.epochMs();
    await bucket.put({ key, length, etag, modifiedMs, headers, checksum, segments, partLengths }, (current) => {
      // It may have been aborted or completed while this waited its turn.
      bucket.upload(key, uploadId);
      condition(current);
    });
  } catch (thrown) {
    releaseSegments(segments);
    throw thrown;
  }
  await bucket.endUpload(key, uploadId).catch((thrown: unknown) => {
    // Aborted in the meantime: the object is there all the same.
    if (!(thrown instanceof S3Error)) throw thrown;
  });
  const location = `http://${request.header('host') ?? ''}${request.path}`;
  const content = [
    element('Location', location),
    element('Bucket', request.bucket),
    element('Key', key),
    element('ETag', etag),
    checksum === undefined ? '' : element(checksumElement(checksum.algorithm), checksum.value),
    checksum === undefined ? '' : element('ChecksumType', checksum.type),
  ];
  return documentAnswer(s3Document('CompleteMultipartUploadResult', content.join('')));
}

function namedParts(named: readonly XmlNode[], upload: UploadRecord): PartRecord[] {
  let before = 0;
  return named.map((node) => {
    const number = Number(node.textOf('PartNumber'));
    const etag = node.textOf('ETag');
    if (!Number.isInteger(number) || number < 1 || etag === undefined) throw new S3Error('MalformedXML');
    if (number <= before) throw new S3Error('InvalidPartOrder', { elements: { UploadId: upload.id } });
    before = number;
    const part = requirePart(upload.parts.get(number), number, upload.id);
    const bare = part.etag.replaceAll('"', '');
    if (etag.replaceAll('"', '').trim() !== bare) {
      throw new S3Error('InvalidPart', { elements: { UploadId: upload.id, PartNumber: number, ETag: bare } });
    }
    requirePartChecksum(node, part, upload);
    return part;
  });
}

function requirePartChecksum(node: XmlNode, part: PartRecord, upload: UploadRecord): void {
  for (const algorithm of checksumAlgorithms) {
    const value = node.textOf(checksumElement(algorithm));
    if (value === undefined) continue;
    if (part.checksum?.algorithm !== algorithm || part.checksum.value !== value) {
      throw new S3Error('InvalidPart', { elements: { UploadId: upload.id, PartNumber: part.number } });
    }
    return;
  }
  if (upload.algorithm === undefined || upload.checksumType === 'FULL_OBJECT') return;
  const message =
    `The upload was created using a ${upload.algorithm} checksum. The complete request must include the ` +
    `checksum for each part. It was missing for part ${part.number} in the request.`;
  throw new S3Error('InvalidRequest', { message });
}

function requireLengths(parts: readonly PartRecord[], partLengthMin: number, request: S3Request): void {
  const small = parts.slice(0, -1).find((part) => part.length < partLengthMin);
  if (small !== undefined) {
    const elements = { ProposedSize: small.length, MinSizeAllowed: partLengthMin, PartNumber: small.number };
    throw new S3Error('EntityTooSmall', { elements: { ...elements, ETag: small.etag.replaceAll('"', '') } });
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > objectLengthMax) {
    throw new S3Error('EntityTooLarge', { elements: { ProposedSize: length, MaxSizeAllowed: objectLengthMax } });
  }
  const announced = request.header('x-amz-mp-object-size');
  if (announced === undefined || Number(announced) === length) return;
  const message = `The provided 'x-amz-mp-object-size' header does not match what was computed: ${length}`;
  throw new S3Error('InvalidRequest', { message });
}

/** The MD5 of the parts' digests one after another, and how many they are. */
function completedEtag(parts: readonly PartRecord[], server: ServerState): string {
  const digests = Buffer.from(parts.map(({ etag }) => etag.replaceAll('"', '')).join(''), 'hex');
  return etagOf(server, createHash('md5').update(digests).digest(), `-${parts.length}`);
}

function completedChecksum(parts: readonly PartRecord[], upload: UploadRecord): Checksum | undefined {
  const { algorithm } = upload;
  if (algorithm === undefined) return undefined;
  const digests = parts.map(({ checksum }) => Buffer.from(checksum?.value ?? '', 'base64'));
  if (upload.checksumType === 'FULL_OBJECT') {
    const pieces = parts.map(({ length }, index) => ({ length, digest: digests[index] as Buffer }));
    return fullChecksum(algorithm, combineCrcs(algorithm, pieces));
  }
  const hasher = createHasher(algorithm);
  hasher.update(Buffer.concat(digests));
  return { algorithm, value: `${hasher.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' };
}

/** A checksum that the client sends along with the completion is about the object. */
function requireAnnounced(request: S3Request, checksum: Checksum | undefined): void {
  const announced = checksumInHeaders(request);
  if (announced === undefined || checksum === undefined || announced.algorithm !== checksum.algorithm) return;
  const [value = ''] = announced.value.split('-');
  const [computed] = checksum.value.split('-');
  if (value === computed) return;
  const words = announced.algorithm.toUpperCase();
  throw new S3Error('BadDigest', { message: `The ${words} you specified did not match the calculated checksum.` });
}
