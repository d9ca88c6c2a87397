/** The operations of S3 that this server has, by the names that AWS gives them. */
export const s3Operations = [
  'ListBuckets',
  'CreateBucket',
  'DeleteBucket',
  'HeadBucket',
  'GetBucketLocation',
  'GetBucketVersioning',
  'ListObjects',
  'ListObjectsV2',
  'ListMultipartUploads',
  'DeleteObjects',
  'GetObject',
  'HeadObject',
  'GetObjectAttributes',
  'PutObject',
  'CopyObject',
  'DeleteObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'ListParts',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
] as const;

export type S3Operation = (typeof s3Operations)[number];

/** What decides which operation a request is. */
export interface RequestShape {
  method: string;
  bucket: string | undefined;
  key: string | undefined;
  query: ReadonlyMap<string, string>;
  hasCopySource: boolean;
}

/** Parameters that select another resource than the object or the bucket itself, and that nothing here serves. */
const foreign = [
  'acl',
  'accelerate',
  'analytics',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metadata',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versions',
  'versionId',
  'website',
  'append',
  'renameObject',
];

/** The operation a request asks for, or undefined when this server has no such operation. */
export function operationOf(shape: RequestShape): S3Operation | undefined {
  if (foreign.some((name) => shape.query.has(name))) return undefined;
  if (shape.bucket === undefined) return shape.method === 'GET' ? 'ListBuckets' : undefined;
  return shape.key === undefined ? bucketOperation(shape) : objectOperation(shape);
}

function bucketOperation({ method, query }: RequestShape): S3Operation | undefined {
  if (method === 'GET') {
    if (query.has('location')) return 'GetBucketLocation';
    if (query.has('versioning')) return 'GetBucketVersioning';
    if (query.has('uploads')) return 'ListMultipartUploads';
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  }
  if (query.has('versioning')) return undefined;
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  return method === 'POST' && query.has('delete') ? 'DeleteObjects' : undefined;
}

function objectOperation({ method, query, hasCopySource }: RequestShape): S3Operation | undefined {
  const inUpload = query.has('uploadId');
  switch (method) {
    case 'GET':
      if (query.has('attributes')) return 'GetObjectAttributes';
      return inUpload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (inUpload) return hasCopySource ? 'UploadPartCopy' : 'UploadPart';
      return hasCopySource ? 'CopyObject' : 'PutObject';
    case 'DELETE':
      return inUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return inUpload ? 'CompleteMultipartUpload' : undefined;
    default:
      return undefined;
  }
}
