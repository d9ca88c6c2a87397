import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { type S3Mock, type S3MockOptions, startS3Mock } from '../src/index.ts';

const Bucket = 'kept';

function start(data: string, options: S3MockOptions = {}): Promise<S3Mock> {
  return startS3Mock({ data, buckets: [Bucket], anonymous: true, ...options });
}

async function send(mock: S3Mock, method: string, path: string, body?: string | Buffer): Promise<string> {
  const response = await fetch(`${mock.endpoint}/${Bucket}${path}`, { method, body: body ?? null });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text;
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('objects, unfinished uploads and their parts are there again after a restart', async () => {
  await withTempDir(async (data) => {
    const body = Buffer.alloc(3_000_000, 'persistent');
    let uploadId = '';
    {
      await using mock = await start(data);
      await send(mock, 'PUT', '/a%2Fb', body);
      await send(mock, 'PUT', '/empty', '');
      uploadId = /<UploadId>(\w+)/.exec(await send(mock, 'POST', '/parts?uploads'))?.[1] ?? '';
      await send(mock, 'PUT', `/parts?uploadId=${uploadId}&partNumber=2`, 'part two');
    }
    await using mock = await start(data);
    expect(Buffer.from(await send(mock, 'GET', '/a%2Fb')).equals(body)).toBe(true);
    expect(await send(mock, 'GET', '/empty')).toBe('');
    const [etag] = /&quot;\w+&quot;/.exec(await send(mock, 'GET', `/parts?uploadId=${uploadId}`)) ?? [];
    const part = `<Part><PartNumber>2</PartNumber><ETag>${etag}</ETag></Part>`;
    await send(
      mock,
      'POST',
      `/parts?uploadId=${uploadId}`,
      `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`,
    );
    expect(await send(mock, 'GET', '/parts')).toBe('part two');
  });
});

test('what is overwritten, deleted or aborted leaves no file', async () => {
  await withTempDir(async (data) => {
    {
      await using mock = await start(data);
      for (const body of ['one', 'two', 'three']) await send(mock, 'PUT', '/a', body);
      await send(mock, 'PUT', '/b', 'b');
      await send(mock, 'DELETE', '/b');
      const uploadId = /<UploadId>(\w+)/.exec(await send(mock, 'POST', '/c?uploads'))?.[1];
      await send(mock, 'PUT', `/c?uploadId=${uploadId}&partNumber=1`, 'c');
      await send(mock, 'DELETE', `/c?uploadId=${uploadId}`);
    }
    expect(await filesBelow(join(data, 'blobs'))).toHaveLength(1);
    expect((await filesBelow(join(data, 'buckets'))).sort()).toEqual([
      'bucket.json',
      expect.stringMatching(/^[0-9a-f]{64}\.json$/),
    ]);
    expect(await filesBelow(join(data, 'tmp'))).toEqual([]);
  });
});

test('what a crash left behind is removed by the next start: half bodies, bodies without a record', async () => {
  await withTempDir(async (data) => {
    {
      await using mock = await start(data);
      await send(mock, 'PUT', '/a', 'kept');
      await send(mock, 'PUT', '/lost', 'lost');
    }
    await writeFile(join(data, 'tmp', 'half'), 'half');
    const records = join(data, 'buckets', Bucket, 'objects');
    for (const group of await readdir(records)) {
      for (const name of await readdir(join(records, group))) {
        const text = await readFile(join(records, group, name), 'utf8');
        if (text.includes('"lost"')) await rm(join(records, group, name));
      }
    }
    await using mock = await start(data);
    expect(await send(mock, 'GET', '/a')).toBe('kept');
    expect(await filesBelow(join(data, 'tmp'))).toEqual([]);
    expect(await filesBelow(join(data, 'blobs'))).toHaveLength(1);
  });
});

test('an upload that breaks off leaves nothing, and a reader keeps what it reads', async () => {
  await withTempDir(async (data) => {
    await using mock = await start(data, { faultPlan: [{ key: 'cut', fault: { kind: 'reset', when: 'request' } }] });
    await send(mock, 'PUT', '/a', Buffer.alloc(2_000_000, 'old'));
    await expect(send(mock, 'PUT', '/cut', Buffer.alloc(2_000_000))).rejects.toThrow('fetch failed');
    mock.faults.setPlan([{ operation: 'GetObject', fault: { kind: 'stall', when: 'answer' } }]);
    const reading = fetch(`${mock.endpoint}/${Bucket}/a`).then((response) => response.text());
    await mock.faults.awaitStalled();
    await send(mock, 'PUT', '/a', 'new');
    mock.faults.release();
    expect(await reading).toBe(Buffer.alloc(2_000_000, 'old').toString());
    await mock.close();
    expect(await filesBelow(join(data, 'blobs'))).toHaveLength(1);
    expect(await filesBelow(join(data, 'tmp'))).toEqual([]);
  });
});

test('one server per folder', async () => {
  await withTempDir(async (data) => {
    await using mock = await start(data);
    await expect(start(data)).rejects.toThrow(`${data} is in use by the process ${process.pid}`);
    expect(await send(mock, 'GET', '')).toContain('ListBucketResult');
  });
});
