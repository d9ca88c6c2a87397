import { checksumElement } from '../checksums/algorithms.ts';
import { S3Error } from '../s3-error.ts';
import type { PartRecord, UploadRecord } from '../store/object-record.ts';
import { compareKeys } from '../store/sorted-keys.ts';
import { listEncode } from '../uri.ts';
import { element, group, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';
import { ownerXml } from './list-objects.ts';
import { uploadIdOf } from './multipart.ts';

const countMax = 1000;

export async function listParts({ request, bucket }: Call): Promise<Answer> {
  const upload = bucket.upload(request.keyName, uploadIdOf(request));
  const maxParts = Math.min(request.integer('max-parts', 0, 2 ** 31 - 1) ?? countMax, countMax);
  const marker = request.integer('part-number-marker', 0, 2 ** 31 - 1) ?? 0;
  const rest = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
  const page = rest.slice(0, maxParts);
  const isTruncated = rest.length > page.length;
  const content = [
    element('Bucket', request.bucket),
    element('Key', request.key),
    element('UploadId', upload.id),
    ownerXml('Initiator'),
    ownerXml('Owner'),
    element('StorageClass', upload.headers['x-amz-storage-class'] ?? 'STANDARD'),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.number ?? marker),
    element('MaxParts', maxParts),
    element('IsTruncated', isTruncated),
    element('ChecksumAlgorithm', upload.algorithm?.toUpperCase()),
    upload.algorithm === undefined ? '' : element('ChecksumType', upload.checksumType),
    ...page.map(partXml),
  ];
  return documentAnswer(s3Document('ListPartsResult', content.join('')));
}

function partXml({ number, modifiedMs, etag, length, checksum }: PartRecord): string {
  const fields = [
    element('PartNumber', number),
    element('LastModified', new Date(modifiedMs).toISOString()),
    element('ETag', etag),
    element('Size', length),
    checksum === undefined ? '' : element(checksumElement(checksum.algorithm), checksum.value),
  ];
  return group('Part', fields.join(''));
}

export async function listMultipartUploads({ request, bucket }: Call): Promise<Answer> {
  const prefix = request.query.get('prefix') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  const keyMarker = request.query.get('key-marker') ?? '';
  const idMarker = keyMarker === '' ? '' : (request.query.get('upload-id-marker') ?? '');
  const maxUploads = Math.min(request.integer('max-uploads', 0, 2 ** 31 - 1) ?? countMax, countMax);
  const encode = request.query.get('encoding-type') === 'url' ? listEncode : (name: string) => name;
  const isBehind = (upload: UploadRecord): boolean => {
    const order = compareKeys(upload.key, keyMarker);
    return keyMarker === '' || order > 0 || (order === 0 && idMarker !== '' && upload.id > idMarker);
  };
  const rest = [...bucket.uploads]
    .filter((upload) => upload.key.startsWith(prefix) && isBehind(upload))
    .sort(byKeyThenId);
  const { uploads, commonPrefixes, isTruncated } = pageOf(rest, prefix, delimiter, maxUploads);
  const last = uploads.at(-1);
  const content = [
    element('Bucket', request.bucket),
    element('KeyMarker', encode(keyMarker)),
    element('UploadIdMarker', idMarker),
    isTruncated && last !== undefined ? element('NextKeyMarker', encode(last.key)) : '',
    isTruncated && last !== undefined ? element('NextUploadIdMarker', last.id) : '',
    element('Prefix', encode(prefix)),
    delimiter === '' ? '' : element('Delimiter', encode(delimiter)),
    element('MaxUploads', maxUploads),
    element('IsTruncated', isTruncated),
    ...uploads.map((upload) => uploadXml(upload, encode)),
    ...commonPrefixes.map((one) => group('CommonPrefixes', element('Prefix', encode(one)))),
  ];
  return documentAnswer(s3Document('ListMultipartUploadsResult', content.join('')));
}

function byKeyThenId(a: UploadRecord, b: UploadRecord): number {
  return compareKeys(a.key, b.key) || (a.id < b.id ? -1 : 1);
}

function pageOf(rest: readonly UploadRecord[], prefix: string, delimiter: string, countLimit: number) {
  const uploads: UploadRecord[] = [];
  const commonPrefixes = new Set<string>();
  for (const upload of rest) {
    const cut = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const common = cut === -1 ? undefined : upload.key.slice(0, cut + delimiter.length);
    if (common !== undefined && commonPrefixes.has(common)) continue;
    if (uploads.length + commonPrefixes.size >= countLimit)
      return { uploads, commonPrefixes: [...commonPrefixes], isTruncated: true };
    if (common === undefined) uploads.push(upload);
    else commonPrefixes.add(common);
  }
  return { uploads, commonPrefixes: [...commonPrefixes], isTruncated: false };
}

function uploadXml(upload: UploadRecord, encode: (name: string) => string): string {
  const fields = [
    element('Key', encode(upload.key)),
    element('UploadId', upload.id),
    ownerXml('Initiator'),
    ownerXml('Owner'),
    element('StorageClass', upload.headers['x-amz-storage-class'] ?? 'STANDARD'),
    element('Initiated', new Date(upload.startedMs).toISOString()),
    element('ChecksumAlgorithm', upload.algorithm?.toUpperCase()),
    upload.algorithm === undefined ? '' : element('ChecksumType', upload.checksumType),
  ];
  return group('Upload', fields.join(''));
}

/** Errors: S3Error for a part that is named and not there. */
export function requirePart(part: PartRecord | undefined, number: number, uploadId: string): PartRecord {
  if (part !== undefined) return part;
  throw new S3Error('InvalidPart', { elements: { UploadId: uploadId, PartNumber: number } });
}
