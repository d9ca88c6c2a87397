/** Storage on S3 and what speaks its protocol. */

export type { S3StorageOptions } from './options.ts';
export { type OrphanedUpload, Orphans } from './orphans.ts';
export type { CredentialProvider } from './protocol/credential-source.ts';
export type { Addressing } from './protocol/endpoint.ts';
export { S3Failure } from './protocol/failure.ts';
export type { Credentials } from './protocol/signature.ts';
export { S3Storage } from './storage.ts';
export { placeOfS3Url, type S3Place, s3Provider, s3ProviderWith } from './url.ts';
