import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sign, signingKey, stringToSign } from '../src/auth/signature-v4.ts';
import { type S3Mock, startS3Mock } from '../src/index.ts';

/** The examples that AWS publishes in "Authenticating Requests (AWS Signature Version 4)", sent to a server. */
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const date = '20130524T000000Z';
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const bucketHost = 'examplebucket.s3.amazonaws.com';

let mock: S3Mock;

beforeAll(async () => {
  mock = await startS3Mock({
    buckets: ['examplebucket'],
    credentials: [{ accessKeyId, secretAccessKey }],
    domain: 's3.amazonaws.com',
    clock: {
      nowMs: () => performance.now(),
      sleep: () => Promise.resolve(),
      epochMs: () => Date.parse('2013-05-24T00:00:00Z'),
    },
  });
});

afterAll(() => mock.close());

interface Received {
  status: number;
  text: string;
}

function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: mock.port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end(body);
  });
}

function authorization(signedHeaders: string, signature: string): string {
  const scope = '20130524/us-east-1/s3/aws4_request';
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

const putHeaders = {
  host: bucketHost,
  date: 'Fri, 24 May 2013 00:00:00 GMT',
  'x-amz-date': date,
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
};
const putSigned = 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class';
const putSignature = '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd';

test('PUT of an object', async () => {
  const headers = { ...putHeaders, 'content-length': '21', authorization: authorization(putSigned, putSignature) };
  expect(await send('PUT', '/test$file.text', headers, 'Welcome to Amazon S3.')).toMatchObject({ status: 200 });
});

test('PUT of other bytes than were signed: XAmzContentSHA256Mismatch', async () => {
  const headers = { ...putHeaders, 'content-length': '21', authorization: authorization(putSigned, putSignature) };
  const { status, text } = await send('PUT', '/test$file.text', headers, 'Welcome to Amazon S4.');
  expect([status, /<Code>(\w+)/.exec(text)?.[1]]).toEqual([400, 'XAmzContentSHA256Mismatch']);
});

test.each([
  ['/test.txt', 'host;range;', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  ['/?lifecycle', 'host;', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['/?max-keys=2&prefix=J', 'host;', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
])('GET %s', async (path, first, signature) => {
  const signedHeaders = `${first}x-amz-content-sha256;x-amz-date`;
  const range: Record<string, string> = signedHeaders.includes('range') ? { range: 'bytes=0-9' } : {};
  const headers = { host: bucketHost, ...range, 'x-amz-content-sha256': emptyHash, 'x-amz-date': date };
  const right = await send('GET', path, { ...headers, authorization: authorization(signedHeaders, signature) });
  // Signed well; whether there is such a thing is another question.
  expect(right.text).toMatch(/<Code>(NoSuchKey|NotImplemented)<|<ListBucketResult/);
  const wrong = await send('GET', path, {
    ...headers,
    authorization: authorization(
      signedHeaders,
      signature.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    ),
  });
  expect([wrong.status, /<Code>(\w+)/.exec(wrong.text)?.[1]]).toEqual([403, 'SignatureDoesNotMatch']);
});

test('GET with the signature in the query', async () => {
  const signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
    `X-Amz-Date=${date}`,
    'X-Amz-Expires=86400',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const right = await send('GET', `/test.txt?${query}&X-Amz-Signature=${signature}`, { host: bucketHost });
  expect(right.text).toContain('<Code>NoSuchKey<');
  const other = await send('GET', `/other.txt?${query}&X-Amz-Signature=${signature}`, { host: bucketHost });
  expect(other.text).toContain('<Code>SignatureDoesNotMatch<');
});

const chunks = ['a'.repeat(65_536), 'a'.repeat(1024), ''];

function chunkedBody(signatures: readonly string[], trailer = ''): string {
  const pieces = chunks.map((chunk, index) => {
    const end = index === 2 && trailer !== '' ? '' : '\r\n';
    return `${chunk.length.toString(16)};chunk-signature=${signatures[index]}\r\n${chunk}${end}`;
  });
  return pieces.join('') + trailer;
}

const chunkedHeaders = {
  host: 's3.amazonaws.com',
  'x-amz-date': date,
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
  'content-length': '66824',
};
const amzHeaders = 'x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class';
const chunkedSigned = `content-encoding;content-length;host;${amzHeaders}`;
const chunkedSeed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const chunkSignatures = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
];

test('PUT in signed chunks', async () => {
  const headers = { ...chunkedHeaders, authorization: authorization(chunkedSigned, chunkedSeed) };
  const path = '/examplebucket/chunkObject.txt';
  expect(await send('PUT', path, headers, chunkedBody(chunkSignatures))).toMatchObject({ status: 200 });
  const changed = chunkedBody(chunkSignatures).replace('aaa', 'aba');
  const refused = await send('PUT', path, headers, changed);
  expect([refused.status, /<Code>(\w+)/.exec(refused.text)?.[1]]).toEqual([403, 'SignatureDoesNotMatch']);
});

test('a chunk whose signature does not follow from the one before is refused, and the last must be there', async () => {
  const headers = { ...chunkedHeaders, authorization: authorization(chunkedSigned, chunkedSeed) };
  const [first = '', second = '', last = ''] = chunkSignatures;
  const swapped = await send('PUT', '/examplebucket/chunkObject.txt', headers, chunkedBody([first, last, second]));
  expect(swapped.text).toContain('<Code>SignatureDoesNotMatch<');
  const cut = chunkedBody(chunkSignatures).slice(0, -86).padEnd(66_824, ' ');
  expect((await send('PUT', '/examplebucket/chunkObject.txt', headers, cut)).text).toContain('<Code>IncompleteBody<');
});

test('PUT in signed chunks with a signed trailer', async () => {
  const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
  const signatures = [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ];
  const trailerSignature = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435';
  const trailer = `x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${trailerSignature}\r\n\r\n`;
  const { 'content-length': _, ...common } = chunkedHeaders;
  const signedHeaders = `content-encoding;host;${amzHeaders};x-amz-trailer`;
  const headers = {
    ...common,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
    authorization: authorization(signedHeaders, seed),
  };
  const body = chunkedBody(signatures, trailer);
  const sized = (text: string) => ({ ...headers, 'content-length': String(text.length) });
  const path = '/examplebucket/chunkObject.txt';
  expect(await send('PUT', path, sized(body), body)).toMatchObject({ status: 200 });
  const lying = body.replace('sOO8/Q==', 'sOO8/A==');
  expect((await send('PUT', path, sized(lying), lying)).text).toContain('<Code>SignatureDoesNotMatch<');
});

test('the signing key of the general documentation', () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  const scope = { date: '20150830', region: 'us-east-1', service: 'iam' };
  const key = signingKey(secret, scope);
  expect(key.toString('hex')).toBe('c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9');
  expect(sign(key, stringToSign('20150830T123600Z', scope, ''))).toMatch(/^[0-9a-f]{64}$/);
});
