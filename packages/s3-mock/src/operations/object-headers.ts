import { checksumAlgorithms } from '../checksums/algorithms.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../s3-request.ts';
import type { Checksum, ObjectRecord, StoredHeaders } from '../store/object-record.ts';

/** Headers of a PUT that come back with every GET. */
const storedNames = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type'];
const alsoStored = ['expires', 'x-amz-website-redirect-location', 'x-amz-storage-class'];
const metadataBytesMax = 2048;

/** What a request says about the object beside its bytes. Errors: S3Error (MetadataTooLarge). */
export function storedHeaders(request: S3Request): StoredHeaders {
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const name of [...storedNames, ...alsoStored]) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  // `aws-chunked` is about the transfer, not about the object.
  const encodings = (headers['content-encoding'] ?? '').split(',').map((one) => one.trim());
  const encoding = encodings.filter((one) => one !== '' && one !== 'aws-chunked').join(',');
  delete headers['content-encoding'];
  if (encoding !== '') headers['content-encoding'] = encoding;
  if (headers['x-amz-storage-class'] === 'STANDARD') delete headers['x-amz-storage-class'];
  let metadataBytes = 0;
  for (const name of request.headerNames) {
    if (!name.startsWith('x-amz-meta-')) continue;
    const value = request.header(name) ?? '';
    metadataBytes += name.length - 'x-amz-meta-'.length + Buffer.byteLength(value, 'latin1');
    headers[name] = value;
  }
  if (metadataBytes <= metadataBytesMax) return headers;
  const elements = { Size: metadataBytes, MaxSizeAllowed: metadataBytesMax };
  throw new S3Error('MetadataTooLarge', { elements });
}

/** The headers that a GET or HEAD answers about an object. */
export function objectHeaders(request: S3Request, record: ObjectRecord, isWhole: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    ...record.headers,
    etag: record.etag,
    'last-modified': new Date(record.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
  for (const name of [...storedNames, 'expires']) {
    const override = request.query.get(`response-${name}`);
    if (override !== undefined) headers[name] = override;
  }
  if (isWhole && request.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    Object.assign(headers, checksumHeaders(record.checksum));
  }
  return headers;
}

/** The headers for a checksum; none for none. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** The checksum in the headers of a request, unverified. */
export function checksumInHeaders(request: S3Request): Pick<Checksum, 'algorithm' | 'value'> | undefined {
  for (const algorithm of checksumAlgorithms) {
    const value = request.header(`x-amz-checksum-${algorithm}`);
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}
