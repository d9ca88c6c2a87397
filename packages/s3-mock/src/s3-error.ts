import { element, xmlDocument } from './xml.ts';

/** The status of every error that this server answers. */
const statuses = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BadRequest: 400,
  BucketAlreadyExists: 409,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  ConditionalRequestConflict: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  ExpiredToken: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidChunkSizeError: 403,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidPartNumber: 416,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  MissingRequestBodyError: 400,
  MissingSecurityHeader: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  NotModified: 304,
  PermanentRedirect: 301,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  RequestTimeout: 400,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  TooManyParts: 400,
  XAmzContentSHA256Mismatch: 400,
} as const;

/** The `Code` of an S3 error. */
export type S3ErrorCode = keyof typeof statuses;

/** Messages, worded as S3 words them. */
const messages: Readonly<Record<S3ErrorCode, string>> = {
  AccessDenied: 'Access Denied',
  AuthorizationHeaderMalformed: 'The authorization header that you provided is not valid.',
  AuthorizationQueryParametersError: 'The authorization query parameters that you provided are not valid.',
  BadDigest: 'The Content-MD5 or checksum value that you specified did not match what the server received.',
  BadRequest: 'Bad Request',
  BucketAlreadyExists: 'The requested bucket name is not available.',
  BucketAlreadyOwnedByYou: 'Your previous request to create the named bucket succeeded and you already own it.',
  BucketNotEmpty: 'The bucket you tried to delete is not empty',
  ConditionalRequestConflict: 'A conflicting conditional operation is currently in progress.',
  EntityTooLarge: 'Your proposed upload exceeds the maximum allowed size',
  EntityTooSmall: 'Your proposed upload is smaller than the minimum allowed size',
  ExpiredToken: 'The provided token has expired.',
  IllegalLocationConstraintException: 'The location constraint is incompatible with the region of this endpoint.',
  IncompleteBody: 'The request body terminated unexpectedly',
  InternalError: 'We encountered an internal error. Please try again.',
  InvalidAccessKeyId: 'The AWS Access Key Id you provided does not exist in our records.',
  InvalidArgument: 'Invalid Argument',
  InvalidBucketName: 'The specified bucket is not valid.',
  InvalidChunkSizeError: 'Only the last chunk is allowed to have a size less than 8192 bytes',
  InvalidDigest: 'The Content-MD5 you specified was invalid.',
  InvalidPart:
    'One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified ' +
    "entity tag may not match the part's entity tag.",
  InvalidPartOrder: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
  InvalidPartNumber: 'The requested partnumber is not satisfiable',
  InvalidRange: 'The requested range is not satisfiable',
  InvalidRequest: 'Invalid Request',
  InvalidToken: 'The provided token is malformed or otherwise invalid.',
  InvalidURI: "Couldn't parse the specified URI.",
  KeyTooLongError: 'Your key is too long',
  MalformedTrailerError: 'The request contained trailing data that was not well-formed.',
  MalformedXML: 'The XML you provided was not well-formed or did not validate against our published schema',
  MetadataTooLarge: 'Your metadata headers exceed the maximum allowed metadata size',
  MethodNotAllowed: 'The specified method is not allowed against this resource.',
  MissingContentLength: 'You must provide the Content-Length HTTP header.',
  MissingRequestBodyError: 'Request Body is empty',
  MissingSecurityHeader: 'Your request was missing a required header',
  NoSuchBucket: 'The specified bucket does not exist',
  NoSuchKey: 'The specified key does not exist.',
  NoSuchUpload:
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been ' +
    'aborted or completed.',
  NotImplemented: 'A header you provided implies functionality that is not implemented',
  NotModified: 'Not Modified',
  PermanentRedirect:
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future ' +
    'requests to this endpoint.',
  PreconditionFailed: 'At least one of the pre-conditions you specified did not hold',
  RequestTimeTooSkewed: 'The difference between the request time and the current time is too large.',
  RequestTimeout:
    'Your socket connection to the server was not read from or written to within the timeout period. Idle ' +
    'connections will be closed.',
  ServiceUnavailable: 'Service is unable to handle request.',
  SignatureDoesNotMatch:
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  SlowDown: 'Please reduce your request rate.',
  TooManyParts: 'You have attempted to upload more parts than allowed.',
  XAmzContentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
};

/** Every code that this server knows. */
export const s3ErrorCodes: readonly S3ErrorCode[] = Object.keys(statuses) as S3ErrorCode[];

/** What an error says beside its code. */
export interface S3ErrorDetails {
  /** Instead of the usual words. */
  message?: string;
  /** More elements of the document, in order: `{ Region: 'eu-west-1' }`. */
  elements?: Readonly<Record<string, string | number>>;
  headers?: Readonly<Record<string, string>>;
}

/** A request that fails as S3 fails it: thrown by operations, answered as XML. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly elements: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3ErrorCode, details: S3ErrorDetails = {}) {
    super(details.message ?? messages[code]);
    this.code = code;
    this.status = statuses[code];
    this.elements = details.elements ?? {};
    this.headers = details.headers ?? {};
  }

  /** The document that is the body of the answer. */
  toXml(resource: string, requestId: string): string {
    const elements = { ...this.elements, Resource: resource, RequestId: requestId, HostId: 's3-mock' };
    const fields = Object.entries(elements).map(([name, value]) => element(name, value));
    return xmlDocument(
      `<Error>${element('Code', this.code)}${element('Message', this.message)}${fields.join('')}</Error>`,
    );
  }
}
