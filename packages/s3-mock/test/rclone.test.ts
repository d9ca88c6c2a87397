import { randomBytes } from 'node:crypto';
import { mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Mock, startS3Mock } from '../src/index.ts';
import { runProgram, startMount, whyMissing, whyNoFuse } from './installed.ts';

const missing = whyMissing('rclone');
const noFuse = missing ?? whyNoFuse();
const because = (why: string | undefined): string => (why === undefined ? '' : ` (skipped: ${why})`);

describe.skipIf(missing !== undefined)(`rclone${because(missing)}`, () => {
  let mock: S3Mock;
  let folder: TempDir;
  let env: NodeJS.ProcessEnv;
  const large = randomBytes(12 * 1024 ** 2 + 12_345);
  const names = ['small.txt', 'empty', 'sub/ü &+%.txt', 'sub/deep/large.bin'];

  beforeAll(async () => {
    mock = await startS3Mock({ buckets: ['bucket'] });
    folder = await tempDir();
    env = {
      // Nothing of this machine's: its proxies and certificates are about other servers.
      PATH: process.env.PATH,
      HOME: folder.path,
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_MOCK_TYPE: 's3',
      RCLONE_CONFIG_MOCK_PROVIDER: 'Other',
      RCLONE_CONFIG_MOCK_ENDPOINT: mock.endpoint,
      RCLONE_CONFIG_MOCK_REGION: mock.region,
      RCLONE_CONFIG_MOCK_ACCESS_KEY_ID: mock.credentials.accessKeyId,
      RCLONE_CONFIG_MOCK_SECRET_ACCESS_KEY: mock.credentials.secretAccessKey,
      RCLONE_CONFIG_MOCK_FORCE_PATH_STYLE: 'true',
      RCLONE_S3_CHUNK_SIZE: '5M',
      RCLONE_S3_UPLOAD_CUTOFF: '6M',
      RCLONE_RETRIES: '1',
      RCLONE_LOW_LEVEL_RETRIES: '1',
    };
    await mkdir(join(folder.path, 'tree/sub/deep'), { recursive: true });
    for (const name of names) await writeFile(join(folder.path, 'tree', name), contentOf(name));
  });

  afterAll(async () => {
    await mock.close();
    await folder.remove();
  });

  const rclone = (...args: string[]) => runProgram('rclone', args, { env });
  function contentOf(name: string): Buffer {
    if (name.endsWith('large.bin')) return large;
    return Buffer.from(name === 'empty' ? '' : `content of ${name}`);
  }

  test('copies a tree, large files in parts, and finds every byte equal', async () => {
    await rclone('copy', join(folder.path, 'tree'), 'mock:bucket/tree');
    expect(mock.stats.byOperation.UploadPart).toBe(3);
    await rclone('check', '--download', join(folder.path, 'tree'), 'mock:bucket/tree');
    await rclone('check', join(folder.path, 'tree'), 'mock:bucket/tree');
    const { stdout } = await rclone('lsf', '-R', '--files-only', 'mock:bucket/tree');
    expect(stdout.trim().split('\n').sort()).toEqual([...names].sort());
  });

  test('check notices a byte that differs', async () => {
    await rclone('copyto', join(folder.path, 'tree/small.txt'), 'mock:bucket/changed/small.txt');
    await writeFile(join(folder.path, 'changed'), 'content of small.txT');
    await expect(rclone('check', '--download', join(folder.path, 'changed'), 'mock:bucket/changed')).rejects.toThrow();
  });

  test('syncs: what went is removed, what changed is sent, what stayed is not; copies on the server', async () => {
    await rclone('sync', join(folder.path, 'tree'), 'mock:bucket/synced');
    await rclone('copy', 'mock:bucket/synced', 'mock:bucket/second');
    expect(mock.stats.byOperation.CopyObject).toBeGreaterThan(0);
    await rclone('check', 'mock:bucket/synced', 'mock:bucket/second');
    await unlink(join(folder.path, 'tree/small.txt'));
    await writeFile(join(folder.path, 'tree/new'), 'new');
    mock.resetStats();
    await rclone('sync', join(folder.path, 'tree'), 'mock:bucket/synced');
    expect(mock.stats.byOperation).toMatchObject({ PutObject: 1 });
    const { stdout } = await rclone('lsf', '-R', '--files-only', 'mock:bucket/synced');
    expect(stdout).toContain('new');
    expect(stdout).not.toContain('small.txt');
    await writeFile(join(folder.path, 'tree/small.txt'), contentOf('small.txt'));
    await unlink(join(folder.path, 'tree/new'));
  });

  test('a wrong secret is SignatureDoesNotMatch', async () => {
    const wrong = { ...env, RCLONE_CONFIG_MOCK_SECRET_ACCESS_KEY: 'wrong' };
    const listing = runProgram('rclone', ['lsf', 'mock:bucket'], { env: wrong });
    await expect(listing).rejects.toMatchObject({ stderr: expect.stringContaining('SignatureDoesNotMatch') });
  });

  test.skipIf(noFuse !== undefined)(`a mount reads and writes${because(noFuse)}`, async () => {
    await rclone('copy', join(folder.path, 'tree'), 'mock:bucket/mounted');
    const point = join(folder.path, 'mnt');
    const cache = join(folder.path, 'cache');
    await mkdir(point);
    const args = ['mount', 'mock:bucket/mounted', point, '--vfs-cache-mode', 'writes', '--cache-dir', cache];
    const mount = await startMount('rclone', [...args, '--vfs-write-back', '0s'], point, env);
    try {
      for (const name of names) expect((await readFile(join(point, name))).equals(contentOf(name))).toBe(true);
      await writeFile(join(point, 'written.bin'), large);
    } finally {
      await mount.unmount();
    }
    await writeFile(join(folder.path, 'tree/written.bin'), large);
    await rclone('check', '--download', join(folder.path, 'tree'), 'mock:bucket/mounted');
  });
});
