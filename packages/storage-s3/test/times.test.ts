import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { contentOf, create, isSame, partBytes, pattern, World } from './world.ts';

const mtimeMs = 1_234_567_890_123;

/** An object as a client that nobody here wrote sees it. */
async function headOf(world: World, Key: string) {
  const { endpoint, region, credentials } = world.mock;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    return await client.send(new HeadObjectCommand({ Bucket: 'bucket', Key }));
  } finally {
    client.destroy();
  }
}

async function putTyped(world: World, Key: string, Body: Uint8Array, Metadata: Record<string, string>): Promise<void> {
  const { endpoint, region, credentials } = world.mock;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body, ContentType: 'text/x-test', Metadata }));
  client.destroy();
}

describe.each([
  ['a small object', 1000],
  ['one of many parts', 5 * partBytes + 10],
])('%s', (_, length) => {
  test('keeps the time that was set, where rclone and s3fs keep it, without a request more', async () => {
    await using world = await World.start();
    const storage = await world.connect();
    const file = await storage.open('/a', 'w');
    await file.setAttributes({ mtimeMs });
    await file.write(pattern(length), 0);
    await file.close();
    expect(world.mock.stats.byOperation.CopyObject).toBeUndefined();
    expect((await headOf(world, 'a')).Metadata).toEqual({ mtime: '1234567890.123' });
    expect((await storage.stat('/a')).mtimeMs).toBe(mtimeMs);
    await using open = await storage.open('/a', 'r');
    expect((await open.stat()).mtimeMs).toBe(mtimeMs);
    expect(isSame(await contentOf(storage, '/a'), pattern(length))).toBe(true);
  });

  test('keeps a time that was set when all bytes had left', async () => {
    await using world = await World.start();
    const storage = await world.connect();
    const file = await storage.open('/a', 'w');
    await file.write(pattern(length), 0);
    await file.setAttributes({ mtimeMs });
    await file.close();
    expect((await storage.stat('/a')).mtimeMs).toBe(mtimeMs);
    expect(isSame(await contentOf(storage, '/a'), pattern(length))).toBe(true);
  });

  test('has another time when it is rewritten, and keeps what else it said of itself', async () => {
    await using world = await World.start();
    await putTyped(world, 'a', pattern(length), { mtime: '5', owner: 'me' });
    const storage = await world.connect();
    expect((await storage.stat('/a')).mtimeMs).toBe(5000);
    const file = await storage.open('/a', 'r+');
    // The whole first part, so that it leaves before the end.
    await file.write(pattern(Math.min(length, partBytes), 3), 0);
    await file.close();
    const { Metadata, ContentType } = await headOf(world, 'a');
    expect([Metadata, ContentType]).toEqual([{ owner: 'me' }, 'text/x-test']);
    expect((await storage.stat('/a')).mtimeMs).toBeGreaterThan(1e12);
  });

  test('gets another time by its name, and stays what it is', async () => {
    await using world = await World.start();
    await putTyped(world, 'a', pattern(length), { owner: 'me' });
    const storage = await world.connect();
    await storage.setAttributes('/a', { mtimeMs: -1500 });
    const { Metadata, ContentType } = await headOf(world, 'a');
    expect([Metadata, ContentType]).toEqual([{ owner: 'me', mtime: '-1.5' }, 'text/x-test']);
    expect((await storage.stat('/a')).mtimeMs).toBe(-1500);
    expect(isSame(await contentOf(storage, '/a'), pattern(length))).toBe(true);
  });
});

test('a time that makes no sense is none, and directories have none', async () => {
  await using world = await World.start();
  await putTyped(world, 'a', pattern(10), { mtime: 'yesterday' });
  const storage = await world.connect();
  expect((await storage.stat('/a')).mtimeMs).toBeGreaterThan(1e12);
  await storage.mkdir('/d');
  await expect(storage.setAttributes('/d', { mtimeMs })).rejects.toMatchObject({ code: 'ENOTSUP' });
  await create(storage, '/d/x', pattern(10));
});
