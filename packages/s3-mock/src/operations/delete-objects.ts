import { checksumAlgorithms } from '../checksums/algorithms.ts';
import { S3Error } from '../s3-error.ts';
import { element, group, parseXml, s3Document } from '../xml.ts';
import { type Answer, type Call, documentAnswer } from './call.ts';

const keysMax = 1000;
const documentLengthMax = 2 * 1024 ** 2;

export async function deleteObjects({ request, body, bucket }: Call): Promise<Answer> {
  requireIntegrity(body.checksumAlgorithm !== undefined, request.header('content-md5') !== undefined);
  const root = parseXml(await body.receiveText(documentLengthMax), 'Delete');
  const entries = root?.all('Object') ?? [];
  if (root === undefined || entries.length === 0 || entries.length > keysMax) throw new S3Error('MalformedXML');
  const isQuiet = root.textOf('Quiet') === 'true';
  let content = '';
  for (const entry of entries) {
    const key = entry.textOf('Key');
    if (key === undefined || key === '') throw new S3Error('MalformedXML');
    const etag = entry.textOf('ETag');
    try {
      await bucket.remove(key, (current) => {
        const differs =
          etag !== undefined && current !== undefined && etag !== '*' && bare(etag) !== bare(current.etag);
        if (differs) throw new S3Error('PreconditionFailed');
      });
      if (!isQuiet) content += group('Deleted', element('Key', key));
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) throw thrown;
      content += group(
        'Error',
        element('Key', key) + element('Code', thrown.code) + element('Message', thrown.message),
      );
    }
  }
  return documentAnswer(s3Document('DeleteResult', content));
}

function bare(etag: string): string {
  return etag.replaceAll('"', '');
}

function requireIntegrity(hasChecksum: boolean, hasMd5: boolean): void {
  if (hasChecksum || hasMd5) return;
  const known = checksumAlgorithms.map((algorithm) => `x-amz-checksum-${algorithm}`).join(', ');
  const message = `Missing required header for this request: Content-MD5 OR one of ${known}`;
  throw new S3Error('InvalidRequest', { message });
}
