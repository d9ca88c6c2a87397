import { GetObjectCommand } from '@aws-sdk/client-s3';
import { open as openConveyor } from '@libconveyor/conveyor';
import { connect, requireMade, type S3Job, sdk } from './s3-sides.ts';

const inFlight = 16;

/** The n-th place of a random reader: the same for every side. */
export function placeOf(index: number, blocks: number): number {
  return (Math.imul(index + 1, 0x9e3779b1) >>> 0) % blocks;
}

/** Runs `count` tasks, so many at once. */
export async function inParallel(atOnce: number, count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** How many blocks are read of an object: as many as make a quarter of it, or as are enough. */
export function randomCount(bytes: number, block: number): number {
  return Math.min(2000, Math.floor(bytes / block / 4));
}

/** Random reads of `block` bytes of an object of `bytes`. */
export async function randomWithConveyor({ site, key, bytes, watch }: S3Job, block: number): Promise<void> {
  const blocks = Math.floor(bytes / block);
  const count = randomCount(bytes, block);
  const found = Array.from({ length: count }, () => Buffer.allocUnsafeSlow(block));
  await using storage = await connect({ site });
  await using handle = await openConveyor(storage, `/${key}`, 'r', { readDepth: inFlight });
  watch.start();
  await inParallel(inFlight, count, async (index) => {
    await handle.read(found[index] as Buffer, 0, block, placeOf(index, blocks) * block);
  });
  watch.stop();
  for (const [index, bytesRead] of found.entries()) requireMade(bytesRead, placeOf(index, blocks) * block);
}

export async function randomWithSdk({ site, key, bytes, watch }: S3Job, block: number): Promise<void> {
  const blocks = Math.floor(bytes / block);
  const count = randomCount(bytes, block);
  const found: Uint8Array[] = [];
  const client = sdk(site);
  watch.start();
  await inParallel(inFlight, count, async (index) => {
    const begin = placeOf(index, blocks) * block;
    const Range = `bytes=${begin}-${begin + block - 1}`;
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bench', Key: key, Range }));
    found[index] = await (Body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray();
  });
  watch.stop();
  client.destroy();
  for (const [index, bytesRead] of found.entries()) requireMade(bytesRead, placeOf(index, blocks) * block);
}

/** Opens and reads the first 4 KiB, on a warm connection. */
export async function firstByteWithConveyor({ site, key, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(4096);
  await using storage = await connect({ site });
  await storage.stat('/');
  watch.start();
  const handle = await openConveyor(storage, `/${key}`, 'r');
  await handle.read(found, 0, 4096, 0);
  watch.stop();
  await handle.close();
  requireMade(found, 0);
}

export async function firstByteWithSdk({ site, key, watch }: S3Job): Promise<void> {
  const client = sdk(site);
  const get = (): Promise<{ Body?: unknown }> => client.send(new GetObjectCommand({ Bucket: 'bench', Key: key }));
  const warm = await client.send(new GetObjectCommand({ Bucket: 'bench', Key: key, Range: 'bytes=0-0' }));
  await (warm.Body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray();
  watch.start();
  const { Body } = await get();
  let found: Uint8Array | undefined;
  for await (const piece of Body as AsyncIterable<Uint8Array>) {
    found = piece;
    watch.stop();
    break;
  }
  client.destroy();
  requireMade((found ?? new Uint8Array(0)).subarray(0, 4096), 0);
}
