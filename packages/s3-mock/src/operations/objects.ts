import { parseAlgorithm } from '../checksums/algorithms.ts';
import { S3Error } from '../s3-error.ts';
import { acquireSegments, type ObjectRecord, readSegments, releaseSegments } from '../store/object-record.ts';
import { element, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';
import { requireCopyable, requireReadable, writeCondition } from './conditions.ts';
import { checksumHeaders, objectHeaders, storedHeaders } from './object-headers.ts';
import { type ByteRange, parseRange } from './range.ts';
import { copySource, digestSegments, putLengthMax, storeBody } from './storing.ts';

export async function getObject(call: Call): Promise<Answer> {
  const { answer, record, range } = readAnswer(call);
  const { segments } = record;
  acquireSegments(segments);
  let isHeld = true;
  const body = {
    length: range.end - range.start,
    read: () => readSegments(segments, range.start, range.end),
    release: () => {
      if (isHeld) releaseSegments(segments);
      isHeld = false;
    },
  };
  return { ...answer, body };
}

export async function headObject(call: Call): Promise<Answer> {
  return readAnswer(call).answer;
}

function readAnswer({ request, bucket }: Call): { answer: Answer; record: ObjectRecord; range: ByteRange } {
  const record = bucket.get(request.keyName);
  requireReadable(request, record);
  const partNumber = request.integer('partNumber', 1, 10_000);
  const asked =
    partNumber === undefined ? parseRange(request.header('range'), record.length) : partRange(record, partNumber);
  const range = asked ?? { start: 0, end: record.length };
  const headers = objectHeaders(request, record, range.end - range.start === record.length);
  headers['content-length'] = String(range.end - range.start);
  if (asked !== undefined) headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${record.length}`;
  if (partNumber !== undefined && record.partLengths.length > 0) {
    headers['x-amz-mp-parts-count'] = String(record.partLengths.length);
  }
  return { answer: { status: asked === undefined ? 200 : 206, headers }, record, range };
}

function partRange({ length, partLengths }: ObjectRecord, number: number): ByteRange | undefined {
  if (partLengths.length === 0 && number === 1) return length === 0 ? undefined : { start: 0, end: length };
  const own = partLengths[number - 1];
  if (own === undefined) throw new S3Error('InvalidPartNumber');
  const start = partLengths.slice(0, number - 1).reduce((sum, one) => sum + one, 0);
  return { start, end: start + own };
}

export async function putObject(call: Call): Promise<Answer> {
  const { request, bucket, server } = call;
  const condition = writeCondition(request);
  const headers = storedHeaders(request);
  const stored = await storeBody(call);
  try {
    const key = request.keyName;
    await bucket.put({ ...stored, key, headers, modifiedMs: server.epochMs(), partLengths: [] }, condition);
  } catch (thrown) {
    releaseSegments(stored.segments);
    throw thrown;
  }
  return { status: 200, headers: { etag: stored.etag, ...checksumHeaders(stored.checksum) } };
}

export async function copyObject(call: Call): Promise<Answer> {
  const { request, bucket, server } = call;
  const source = copySource(call);
  requireCopyable(request, source);
  const condition = writeCondition(request);
  const replaces = (request.header('x-amz-metadata-directive') ?? 'COPY').toUpperCase() === 'REPLACE';
  const isSelf = source.bucket === request.bucket && source.key === request.key;
  if (isSelf && !replaces && request.header('x-amz-storage-class') === undefined) {
    const message =
      'This copy request is illegal because it is trying to copy an object to itself without changing ' +
      "the object's metadata, storage class, website redirect location or encryption attributes.";
    throw new S3Error('InvalidRequest', { message });
  }
  if (source.length > putLengthMax) {
    const allowed = `maximum allowable size for a copy source: ${putLengthMax}`;
    const message = `The specified copy source is larger than the ${allowed}`;
    throw new S3Error('InvalidRequest', { message });
  }
  const algorithm = parseAlgorithm(request.header('x-amz-checksum-algorithm') ?? '') ?? source.checksum?.algorithm;
  const { segments, length } = source;
  acquireSegments(segments);
  const headers = replaces ? storedHeaders(request) : source.headers;
  const modifiedMs = server.epochMs();
  let record: ObjectRecord;
  try {
    // The result is one piece again: an ETag and a checksum of parts would be wrong for it.
    const isSame = !source.etag.includes('-') && source.checksum?.algorithm === algorithm;
    const digests = isSame ? source : await digestSegments(server, segments, length, algorithm);
    const { etag, checksum } = digests;
    record = { key: request.keyName, length, etag, checksum, modifiedMs, headers, segments, partLengths: [] };
    await bucket.put(record, condition);
  } catch (thrown) {
    releaseSegments(segments);
    throw thrown;
  }
  return documentAnswer(s3Document('CopyObjectResult', copyResult(record)));
}

/** What a copy answers, of an object or of a part. */
export function copyResult({
  etag,
  modifiedMs,
  checksum,
}: Pick<ObjectRecord, 'etag' | 'modifiedMs' | 'checksum'>): string {
  const sum = checksum && element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value);
  return element('ETag', etag) + element('LastModified', new Date(modifiedMs).toISOString()) + (sum ?? '');
}

export async function deleteObject({ request, bucket }: Call): Promise<Answer> {
  await bucket.remove(request.keyName, deleteCondition(writeCondition(request)));
  return { status: 204, headers: {} };
}

/** An object that is not there is deleted already, whatever it should have matched. */
function deleteCondition(condition: (current: ObjectRecord | undefined) => void) {
  return (current: ObjectRecord | undefined): void => {
    if (current !== undefined) condition(current);
  };
}

export async function getObjectAttributes({ request, bucket }: Call): Promise<Answer> {
  const record = bucket.get(request.keyName);
  requireReadable(request, record);
  const wanted = new Set((request.header('x-amz-object-attributes') ?? '').split(',').map((one) => one.trim()));
  if (wanted.has('')) throw new S3Error('InvalidRequest', { message: 'x-amz-object-attributes is required' });
  const { etag, checksum, length, partLengths } = record;
  let content = '';
  if (wanted.has('ETag')) content += element('ETag', etag.replaceAll('"', ''));
  if (wanted.has('Checksum') && checksum !== undefined) {
    const sum = element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value);
    content += `<Checksum>${sum}${element('ChecksumType', checksum.type)}</Checksum>`;
  }
  if (wanted.has('ObjectParts') && partLengths.length > 0) {
    content += `<ObjectParts>${element('PartsCount', partLengths.length)}</ObjectParts>`;
  }
  if (wanted.has('StorageClass'))
    content += element('StorageClass', record.headers['x-amz-storage-class'] ?? 'STANDARD');
  if (wanted.has('ObjectSize')) content += element('ObjectSize', length);
  const headers = { 'last-modified': new Date(record.modifiedMs).toUTCString() };
  return documentAnswer(s3Document('GetObjectAttributesResponse', content), headers);
}
