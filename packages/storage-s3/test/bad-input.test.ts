import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Credentials, S3Failure, S3Storage } from '../src/index.ts';
import { contentOf, create, isSame, partBytes, pattern, World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await World.start({
    buckets: ['bucket', { name: 'elsewhere', region: 'eu-central-1' }, { name: 'frozen', readOnly: true }],
  });
});

afterEach(() => world[Symbol.asyncDispose]());

const mib = 2 ** 20;

describe('bad input', () => {
  test('a wrong bucket is ENOENT, and the server’s words are kept', async () => {
    const storage = await world.connect({ bucket: 'nobody' });
    const failed = storage.stat('/a');
    await expect(failed).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('NoSuchBucket') });
    const { cause } = (await failed.catch((thrown: unknown) => thrown)) as { cause: S3Failure };
    expect(cause).toBeInstanceOf(S3Failure);
    expect(cause).toMatchObject({ code: 'NoSuchBucket', status: 404, requestId: expect.any(String) });
    await expect(create(storage, '/a', pattern(10))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('keys keep their rules', async () => {
    const storage = await world.connect();
    await expect(storage.open(`/${'k'.repeat(1024)}`, 'w')).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    await expect(storage.open('/a/../b', 'w')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(storage.open('/\ud800', 'w')).rejects.toMatchObject({ code: 'EILSEQ' });
    const long = `/${'ü'.repeat(511)}`;
    await create(storage, long, pattern(10));
    expect(isSame(await contentOf(storage, long), pattern(10))).toBe(true);
  });

  test('no credentials are ENOKEY, wrong ones EACCES; anonymous is nobody’s default', async () => {
    const none = await world.connect({
      credentials: () => Promise.reject(new Error('nothing found')),
    });
    await expect(none.stat('/a')).rejects.toMatchObject({ code: 'ENOKEY' });
    const { accessKeyId } = world.mock.credentials;
    const wrong = await world.connect({ credentials: { accessKeyId, secretAccessKey: 'wrong' } });
    await expect(wrong.stat('/a')).rejects.toMatchObject({
      code: 'EACCES',
      message: expect.stringContaining('SignatureDoesNotMatch'),
    });
    const nobody = await world.connect({ credentials: 'anonymous' });
    await expect(nobody.stat('/a')).rejects.toMatchObject({ code: 'EACCES' });
  });

  test('a wrong region is set right by the server’s answer', async () => {
    const storage = await world.connect({ bucket: 'elsewhere', region: 'us-east-1' });
    await create(storage, '/a', pattern(10));
    expect(isSame(await contentOf(storage, '/a'), pattern(10))).toBe(true);
  });

  test('credentials that have ended are asked for again', async () => {
    const old = { accessKeyId: 'old', secretAccessKey: 'x', sessionToken: 'token', expiresAtMs: Date.now() - 1000 };
    await using other = await World.start({ credentials: [old, world.mock.credentials] });
    const asked: Credentials[] = [old, world.mock.credentials];
    let count = 0;
    const storage = await other.connect({ credentials: async () => asked[count++] as Credentials });
    await create(storage, '/a', pattern(10));
    expect(count).toBe(2);
    const ending = { ...world.mock.credentials, expiration: new Date(Date.now() + 1000) };
    let times = 0;
    const renewed = await other.connect({
      credentials: async () => {
        times++;
        return ending;
      },
    });
    await renewed.stat('/');
    await renewed.stat('/');
    expect(times).toBeGreaterThan(1);
  });

  test('an object changed while open is ESTALE, and never a mix', async () => {
    const storage = await world.connect();
    await create(storage, '/a', pattern(mib));
    const file = await storage.open('/a', 'r');
    const buffer = new Uint8Array(1000);
    expect(await file.read(buffer, 500_000)).toBe(1000);
    expect(isSame(buffer, pattern(mib).subarray(500_000, 501_000))).toBe(true);
    await create(storage, '/a', pattern(mib, 2));
    await expect(file.read(buffer, 600_000)).rejects.toMatchObject({ code: 'ESTALE' });
    const writer = await storage.open('/a', 'r+');
    await writer.write(pattern(10, 3), 0);
    await create(storage, '/a', pattern(mib, 4));
    await expect(writer.close()).rejects.toMatchObject({ code: 'ESTALE' });
    expect(isSame(await contentOf(storage, '/a'), pattern(mib, 4))).toBe(true);
  });

  test('an object deleted while open is ESTALE', async () => {
    const storage = await world.connect();
    await create(storage, '/a', pattern(mib));
    const file = await storage.open('/a', 'r');
    const writer = await storage.open('/a', 'r+');
    await storage.remove('/a');
    await expect(file.read(new Uint8Array(10), 500_000)).rejects.toMatchObject({ code: 'ESTALE' });
    await writer.write(pattern(10), 0);
    await expect(writer.close()).rejects.toMatchObject({ code: 'ESTALE' });
    expect(await contentOf(storage, '/a')).toBeUndefined();
  });

  test('a read-only bucket is EACCES, and the upload is not left behind', async () => {
    const storage = await world.connect({ bucket: 'frozen' });
    await expect(create(storage, '/a', pattern(10))).rejects.toMatchObject({ code: 'EACCES' });
    await expect(create(storage, '/a', pattern(4 * partBytes))).rejects.toMatchObject({ code: 'EACCES' });
    await expect(storage.mkdir('/d')).rejects.toMatchObject({ code: 'EACCES' });
    expect(await contentOf(storage, '/a')).toBeUndefined();
  });

  test('more than 5 TiB is EFBIG, and what was written before is kept', async () => {
    const storage = await world.connect({ partBytes: 8 * mib });
    const file = await storage.open('/a', 'w');
    await file.write(pattern(10), 0);
    await expect(file.write(pattern(10), 5 * 2 ** 40 - 5)).rejects.toMatchObject({ code: 'EFBIG' });
    await expect(file.truncate(5 * 2 ** 40 + 1)).rejects.toMatchObject({ code: 'EFBIG' });
    await file.close();
    expect(isSame(await contentOf(storage, '/a'), pattern(10))).toBe(true);
  });

  test('a wrong clock is set by the server’s', async () => {
    const storage = await world.connect({ timeMs: () => Date.now() - 3_600_000 });
    await create(storage, '/a', pattern(10));
    expect(isSame(await contentOf(storage, '/a'), pattern(10))).toBe(true);
    expect(world.mock.stats.byStatus[403]).toBe(1);
  });

  test('an endpoint that is none, options that do not exist', async () => {
    const connect = (options: object) => S3Storage.connect({ bucket: 'bucket', region: 'r', ...options });
    await expect(connect({ endpoint: 'nonsense' })).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(connect({ colour: 'red' })).rejects.toMatchObject({ code: 'ERR_CONVEYOR_UNKNOWN_OPTION' });
    await expect(connect({ partBytes: 0 })).rejects.toMatchObject({ code: 'ERR_CONVEYOR_ARG_RANGE' });
    await expect(connect({ bucket: 'a/b', endpoint: 'http://x' })).rejects.toMatchObject({ code: 'EINVAL' });
    const away = await connect({ endpoint: 'http://127.0.0.1:9', credentials: 'anonymous', retryDelayMs: 0 });
    await expect(away.stat('/a')).rejects.toMatchObject({ code: 'ECONNREFUSED', retry: 'exhausted' });
    await away.close();
  });
});
