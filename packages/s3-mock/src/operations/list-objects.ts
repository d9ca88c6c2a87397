import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import type { ObjectRecord } from '../store/object-record.ts';
import { listEncode } from '../uri.ts';
import { element, group, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';
import { listPage } from './listing.ts';

const countMax = 1000;

/** How names are written: as they are, or encoded when the request asks for it. */
function encoderOf(request: S3Request): (name: string) => string {
  const encoding = request.query.get('encoding-type');
  if (encoding === undefined || encoding === '') return (name) => name;
  if (encoding === 'url') return listEncode;
  const elements = { ArgumentName: 'encoding-type', ArgumentValue: encoding };
  throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request', elements });
}

function askedCount(request: S3Request): number {
  return Math.min(request.integer('max-keys', 0, 2 ** 31 - 1) ?? countMax, countMax);
}

export async function listObjectsV2({ request, bucket }: Call): Promise<Answer> {
  const encode = encoderOf(request);
  const prefix = request.query.get('prefix') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  const startAfter = request.query.get('start-after');
  const token = request.query.get('continuation-token');
  const maxKeys = askedCount(request);
  const after = token === undefined ? (startAfter ?? '') : decodeToken(token);
  const page = maxKeys === 0 ? emptyPage : listPage(bucket, { prefix, delimiter, after, countMax: maxKeys });
  const withOwner = request.query.get('fetch-owner') === 'true';
  const content = [
    element('Name', request.bucket),
    element('Prefix', encode(prefix)),
    startAfter === undefined ? '' : element('StartAfter', encode(startAfter)),
    element('ContinuationToken', token),
    element('NextContinuationToken', page.next === undefined ? undefined : encodeToken(page.next)),
    element('KeyCount', page.keys.length + page.commonPrefixes.length),
    element('MaxKeys', maxKeys),
    delimiter === '' ? '' : element('Delimiter', encode(delimiter)),
    element('EncodingType', request.query.get('encoding-type') || undefined),
    element('IsTruncated', page.next !== undefined),
    ...page.keys.map((key) => contentsOf(bucket.get(key), encode, withOwner)),
    ...page.commonPrefixes.map((one) => group('CommonPrefixes', element('Prefix', encode(one)))),
  ];
  return documentAnswer(s3Document('ListBucketResult', content.join('')));
}

export async function listObjects({ request, bucket }: Call): Promise<Answer> {
  const encode = encoderOf(request);
  const prefix = request.query.get('prefix') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  const marker = request.query.get('marker') ?? '';
  const maxKeys = askedCount(request);
  const page = maxKeys === 0 ? emptyPage : listPage(bucket, { prefix, delimiter, after: marker, countMax: maxKeys });
  const content = [
    element('Name', request.bucket),
    element('Prefix', encode(prefix)),
    element('Marker', encode(marker)),
    // Only where a delimiter makes it differ from the last key.
    page.next === undefined || delimiter === '' ? '' : element('NextMarker', encode(page.next)),
    element('MaxKeys', maxKeys),
    delimiter === '' ? '' : element('Delimiter', encode(delimiter)),
    element('EncodingType', request.query.get('encoding-type') || undefined),
    element('IsTruncated', page.next !== undefined),
    ...page.keys.map((key) => contentsOf(bucket.get(key), encode, true)),
    ...page.commonPrefixes.map((one) => group('CommonPrefixes', element('Prefix', encode(one)))),
  ];
  return documentAnswer(s3Document('ListBucketResult', content.join('')));
}

const emptyPage = { keys: [], commonPrefixes: [], next: undefined };

function contentsOf(record: ObjectRecord, encode: (name: string) => string, withOwner: boolean): string {
  const fields = [
    element('Key', encode(record.key)),
    element('LastModified', new Date(record.modifiedMs).toISOString()),
    element('ETag', record.etag),
    record.checksum === undefined ? '' : element('ChecksumAlgorithm', record.checksum.algorithm.toUpperCase()),
    record.checksum === undefined ? '' : element('ChecksumType', record.checksum.type),
    element('Size', record.length),
    withOwner ? ownerXml('Owner') : '',
    element('StorageClass', record.headers['x-amz-storage-class'] ?? 'STANDARD'),
  ];
  return group('Contents', fields.join(''));
}

/** Everything belongs to one owner here. */
export function ownerXml(name: 'Owner' | 'Initiator'): string {
  return group(name, element('ID', 's3-mock') + element('DisplayName', 's3-mock'));
}

function encodeToken(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function decodeToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8');
  if (name !== '' && encodeToken(name) === token) return name;
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
}
