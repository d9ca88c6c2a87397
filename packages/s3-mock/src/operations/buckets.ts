import { S3Error } from '../s3-error.ts';
import { element, group, parseXml, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';
import { ownerXml } from './list-objects.ts';

export async function listBuckets({ server }: Call): Promise<Answer> {
  const buckets = server.catalog.buckets.map(({ settings: { name, createdMs, region } }) =>
    group(
      'Bucket',
      element('Name', name) +
        element('CreationDate', new Date(createdMs).toISOString()) +
        element('BucketRegion', region),
    ),
  );
  return documentAnswer(s3Document('ListAllMyBucketsResult', ownerXml('Owner') + group('Buckets', buckets.join(''))));
}

export async function createBucket({ request, body, server }: Call): Promise<Answer> {
  const text = await body.receiveText(64 * 1024);
  const root = text === '' ? undefined : parseXml(text, 'CreateBucketConfiguration');
  if (text !== '' && root === undefined) throw new S3Error('MalformedXML');
  const region = root?.textOf('LocationConstraint') || server.region;
  if (region !== server.region) {
    const message =
      `The ${region} location constraint is incompatible for the region specific endpoint this request ` +
      'was sent to.';
    throw new S3Error('IllegalLocationConstraintException', { message });
  }
  const name = request.bucketName;
  await server.catalog.create({ name, region, readOnly: false, createdMs: server.epochMs() });
  return { status: 200, headers: { location: `/${name}` } };
}

export async function deleteBucket({ request, server }: Call): Promise<Answer> {
  await server.catalog.remove(request.bucketName);
  return { status: 204, headers: {} };
}

export async function headBucket({ bucket }: Call): Promise<Answer> {
  return { status: 200, headers: { 'x-amz-bucket-region': bucket.settings.region, 'content-type': 'application/xml' } };
}

export async function getBucketLocation({ bucket }: Call): Promise<Answer> {
  const { region } = bucket.settings;
  // The oldest region has no name here.
  return documentAnswer(s3Document('LocationConstraint', region === 'us-east-1' ? '' : region));
}

export async function getBucketVersioning(call: Call): Promise<Answer> {
  // Asked for so that a bucket that is not there is an error: versions are never kept.
  void call.bucket;
  return documentAnswer(s3Document('VersioningConfiguration', ''));
}
