import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type S3Mock, startS3Mock } from '@libconveyor/s3-mock';
import { S3Storage } from '@libconveyor/storage-s3';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor } from './child.ts';

let folder: TempDir;
let mock: S3Mock;

beforeEach(async () => {
  folder = await tempDir();
  mock = await startS3Mock({ buckets: ['bucket'] });
});

afterEach(async () => {
  mock.faults.release();
  await mock.close();
  await folder.remove();
});

const at = (name: string): string => join(folder.path, name);
const bytes = Buffer.alloc(20 * 2 ** 20 + 5, Buffer.from(Uint8Array.from({ length: 9973 }, (_, index) => index * 7)));

/** Runs the program as somebody who has keys in the environment. */
function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { accessKeyId, secretAccessKey } = mock.credentials;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const env = { HOME: folder.path, AWS_EC2_METADATA_DISABLED: 'true', ...keys, ...environment };
  return conveyor(args, { cwd: folder.path, env });
}

const endpoint = (): string[] => ['--endpoint', mock.endpoint];

function connect(): Promise<S3Storage> {
  const { endpoint: url, credentials } = mock;
  return S3Storage.connect({ bucket: 'bucket', endpoint: url, credentials });
}

async function keys(): Promise<string[]> {
  await using storage = await connect();
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for await (const { name, type } of storage.list(path)) {
      if (type === 'directory') await walk(`${path}${name}/`);
      else found.push(`${path}${name}`);
    }
  };
  await walk('/');
  return found.sort();
}

describe('conveyor cp and cat with s3: URLs', () => {
  test('a file goes to a bucket in parts, and comes back the same', async () => {
    await writeFile(at('a.bin'), bytes);
    expect(await run(['cp', ...endpoint(), 'a.bin', 's3://bucket/sub/b%20c.bin'])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await keys()).toEqual(['/sub/b c.bin']);
    expect(mock.stats.byOperation).toMatchObject({ UploadPart: 3, CompleteMultipartUpload: 1 });
    const environment = { AWS_ENDPOINT_URL_S3: mock.endpoint };
    expect(await run(['cp', 's3://bucket/sub/b%20c.bin', 'back.bin'], environment)).toMatchObject({ status: 0 });
    expect(Buffer.compare(await readFile(at('back.bin')), bytes)).toBe(0);
    const cat = await run(['cat', 's3://bucket/sub/b%20c.bin'], environment);
    expect([cat.status, cat.stderr]).toEqual([0, '']);
  });

  test('times of change are kept on the way there and back, as rclone keeps them', async () => {
    const time = new Date(1_234_567_890_123);
    for (const [name, content] of Object.entries({ 'small.txt': 'small', 'large.bin': bytes })) {
      await writeFile(at(name), content);
      await utimes(at(name), time, time);
      for (const options of [[], ['--checksum']]) {
        mock.resetStats();
        expect(await run(['cp', ...options, ...endpoint(), name, `s3://bucket/${name}`])).toMatchObject({ status: 0 });
        // The time goes up with the bytes. Read back, a copy has had another name before: that is one on the server.
        if (options.length === 0) expect(mock.stats.byOperation.CopyObject).toBeUndefined();
        const back = `${name}.back${options.length}`;
        expect(await run(['cp', ...endpoint(), `s3://bucket/${name}`, back])).toMatchObject({ status: 0 });
        // What sets times on a disk takes seconds, as a number that is not exact.
        expect(Math.round((await stat(at(back))).mtimeMs)).toBe(time.getTime());
      }
    }
  });

  test('trees go up and come down with parallel files', async () => {
    await mkdir(at('tree/inner'), { recursive: true });
    for (let index = 0; index < 30; index++) await writeFile(at(`tree/inner/${index}`), `file ${index}`);
    await writeFile(at('tree/top'), 'top');
    // Without a distance between them, every request would be answered before the next one comes.
    mock.faults.setPlan([{ fault: { kind: 'latency', latencyMs: 5 } }]);
    const up = await run(['cp', '-r', '--json', '-j', '8', ...endpoint(), 'tree', 's3://bucket/copies/']);
    expect(up).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(up.stdout)).toMatchObject({ ok: true, files: 31, failed: 0 });
    // One request for each file, and some that do not depend on how many there are.
    const { PutObject = 0, HeadObject = 0, ListObjectsV2 = 0 } = mock.stats.byOperation;
    expect(PutObject).toBe(31);
    expect(HeadObject + ListObjectsV2).toBeLessThan(10);
    expect(await keys()).toContain('/copies/tree/inner/29');
    expect(mock.stats.inFlightMax).toBeGreaterThan(1);
    expect(await run(['cp', '-r', ...endpoint(), 's3://bucket/copies/tree', 'down'])).toMatchObject({ status: 0 });
    expect((await readdir(at('down/inner'))).length).toBe(30);
    expect(await readFile(at('down/inner/7'), 'utf8')).toBe('file 7');
  });

  test('--checksum reads back what the server has before it gets its name', async () => {
    await writeFile(at('a.bin'), bytes);
    const outcome = await run(['cp', '--checksum', ...endpoint(), 'a.bin', 's3://bucket/a.bin']);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(outcome).toMatchObject({ status: 0, stdout: `${sha256}  s3://bucket/a.bin\n`, stderr: '' });
    expect(mock.stats.bytesSent).toBeGreaterThan(bytes.byteLength);
    expect(await keys()).toEqual(['/a.bin']);
  });

  test('bytes that arrive changed are told, and the destination stays as it was', async () => {
    await writeFile(at('a.bin'), bytes);
    await writeFile(at('old.bin'), 'old');
    await run(['cp', ...endpoint(), 'a.bin', 's3://bucket/a.bin']);
    const fault = { kind: 'corrupt', where: 'answer' } as const;
    mock.faults.setPlan([{ operation: 'GetObject', nth: 3, fault }]);
    const outcome = await run(['cp', ...endpoint(), 's3://bucket/a.bin', 'old.bin']);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain('CRC-32');
    expect(await readFile(at('old.bin'), 'utf8')).toBe('old');
  });

  test.each([
    ['s3://nobody/key', /NoSuchBucket|does not exist/],
    ['s3://bucket/missing', /does not exist/],
    ['s3://UPPER/key', /cannot be the name of a bucket/],
    ['s3://bucket/key?version=1', /%3F/],
  ])('%s as a source is one line', async (url, message) => {
    const outcome = await run(['cat', ...endpoint(), url]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a wrong secret and no keys at all are one line each', async () => {
    const wrong = await run(['cat', ...endpoint(), 's3://bucket/a'], { AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect(wrong.stderr).toMatch(/SignatureDoesNotMatch/);
    const none = await run(['cat', ...endpoint(), 's3://bucket/a'], {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    });
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(/no credentials/);
  });
});

describe('conveyor doctor', () => {
  test('lists uploads that nobody ended, and ends them when told to', async () => {
    await using storage = await connect();
    const file = await storage.open('/half', 'w');
    await file.write(bytes, 0);
    // A part of it is on the server, and its writer is gone.
    mock.faults.setPlan([
      { operation: 'AbortMultipartUpload', fault: { kind: 'error', code: 'AccessDenied' } },
      { operation: 'CompleteMultipartUpload', fault: { kind: 'error', code: 'AccessDenied' } },
    ]);
    await expect(file.close()).rejects.toMatchObject({ code: 'EACCES' });
    mock.faults.setPlan([]);
    expect(await run(['doctor', ...endpoint(), 's3://bucket'])).toMatchObject({ status: 0, stdout: '' });
    const found = await run(['doctor', '--older-than', '0', ...endpoint(), 's3://bucket']);
    expect(found).toMatchObject({ status: 0, stderr: '' });
    expect(found.stdout).toMatch(/^found {2}'s3:\/\/bucket\/half' {2}begun \S+ ago\n$/);
    const removed = await run(['doctor', '--remove', '--json', '--older-than', '0', ...endpoint(), 's3://bucket']);
    expect(JSON.parse(removed.stdout)).toMatchObject({ bucket: 'bucket', key: 'half', removed: true });
    const again = await run(['doctor', '--older-than', '0', ...endpoint(), 's3://bucket']);
    expect(again).toMatchObject({ status: 0, stdout: '' });
  });

  test('has nothing to say about paths', async () => {
    const outcome = await run(['doctor', '/tmp']);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain('doctor');
  });
});
