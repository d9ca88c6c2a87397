import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { type Mount, startMount, whyMissing, whyNoFuse } from './installed.ts';
import { clientOf } from './sdk-client.ts';

const missing = whyMissing('s3fs') ?? whyNoFuse();
const because = missing === undefined ? '' : ` (skipped: ${missing})`;

describe.skipIf(missing !== undefined)(`s3fs${because}`, () => {
  let mock: S3Mock;
  let client: S3Client;
  let folder: TempDir;
  let mount: Mount;
  let point: string;
  const Bucket = 'bucket';

  beforeAll(async () => {
    mock = await startS3Mock({ buckets: [Bucket] });
    client = clientOf(mock);
    folder = await tempDir();
    point = join(folder.path, 'mnt');
    await mkdir(point);
    const passwords = join(folder.path, 'passwords');
    const { accessKeyId, secretAccessKey } = mock.credentials;
    await writeFile(passwords, `${accessKeyId}:${secretAccessKey}`, { mode: 0o600 });
    const options = [`url=${mock.endpoint}`, `passwd_file=${passwords}`, 'use_path_request_style', 'sigv4'];
    const more = [
      `endpoint=${mock.region}`,
      'multipart_size=5',
      `use_cache=${join(folder.path, 'cache')}`,
      'retries=1',
    ];
    mount = await startMount('s3fs', [Bucket, point, '-f', '-o', [...options, ...more].join(',')], point);
  });

  afterAll(async () => {
    await mount?.unmount();
    client.destroy();
    await mock.close();
    await folder.remove();
  });

  async function stored(Key: string): Promise<Buffer> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  test('a small file arrives with its mode, and comes back', async () => {
    await writeFile(join(point, 'small.txt'), 'written through s3fs', { mode: 0o640 });
    expect((await stored('small.txt')).toString()).toBe('written through s3fs');
    expect(await readFile(join(point, 'small.txt'), 'utf8')).toBe('written through s3fs');
    expect((await stat(join(point, 'small.txt'))).mode & 0o777).toBe(0o640);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'small.txt' }));
    expect(head.Metadata).toMatchObject({ mode: String(0o100640) });
  });

  test('a large file goes in parts', async () => {
    const large = randomBytes(25 * 1024 ** 2 + 12_345);
    mock.resetStats();
    await writeFile(join(point, 'large.bin'), large);
    expect(mock.stats.byOperation.CompleteMultipartUpload).toBe(1);
    expect((await stored('large.bin')).equals(large)).toBe(true);
    expect((await readFile(join(point, 'large.bin'))).equals(large)).toBe(true);
    // A few bytes in the middle: the rest is copied on the server.
    const file = await open(join(point, 'large.bin'), 'r+');
    await file.write('changed', 12_000_000);
    await file.close();
    large.write('changed', 12_000_000);
    expect(mock.stats.byOperation.UploadPartCopy).toBeGreaterThan(0);
    expect((await stored('large.bin')).equals(large)).toBe(true);
  });

  test('folders, names, renames and removals', async () => {
    await mkdir(join(point, 'folder'));
    await writeFile(join(point, 'folder/ü &+.txt'), 'renamed');
    await rename(join(point, 'folder/ü &+.txt'), join(point, 'folder/other'));
    expect(await readdir(join(point, 'folder'))).toEqual(['other']);
    expect((await stored('folder/other')).toString()).toBe('renamed');
    await unlink(join(point, 'folder/other'));
    await rm(join(point, 'folder'), { recursive: true });
    expect(await readdir(point)).not.toContain('folder');
    await expect(stored('folder/other')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});
