import { createReadStream } from 'node:fs';
import { mkdtemp, open as openLocal, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type ConveyorFileHandle, open as openConveyor } from '@libconveyor/conveyor';
import { discardedBytes } from '@libconveyor/s3-mock';
import { S3Storage } from '@libconveyor/storage-s3';
import { rcloneRemote, runRclone } from './rclone.ts';
import type { S3Site } from './s3-site.ts';
import { VerificationError } from './samples.ts';
import type { Stopwatch } from './stopwatch.ts';

const mib = 1024 * 1024;
const pieceBytes = 128 * 1024;

/** What a side works on. */
export interface S3Job {
  readonly site: S3Site;
  readonly key: string;
  readonly bytes: number;
  readonly watch: Stopwatch;
}

/** Buffering for a link on which many bytes are under way. */
const reading = {
  readCapacityInitial: 8 * mib,
  readCapacityMax: 32 * mib,
  readDepth: 16,
  maxIo: 2 * mib,
  durability: 'memory',
} as const;

export function connect({ site }: { readonly site: S3Site }): Promise<S3Storage> {
  const { endpoint, credentials } = site;
  return S3Storage.connect({ bucket: 'bench', endpoint, credentials, region: 'us-east-1', directories: false });
}

export function sdk({ endpoint, credentials }: S3Site): S3Client {
  return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
}

/** Fills a buffer with the bytes of the server's made objects. */
export function fillMade(target: Uint8Array, offset: number): void {
  for (let at = 0; at < target.byteLength; at += pieceBytes) {
    target.set(discardedBytes(offset + at, Math.min(pieceBytes, target.byteLength - at)), at);
  }
}

/** Compares bytes with those of the server's made objects. Errors: VerificationError. */
export function requireMade(found: Uint8Array, offset: number): void {
  for (let done = 0; done < found.byteLength; done += pieceBytes) {
    const part = found.subarray(done, done + pieceBytes);
    if (discardedBytes(offset + done, part.byteLength).equals(part)) continue;
    throw new VerificationError(`wrong bytes at offset ${offset + done}`);
  }
}

/** Reads a whole object in 128 KiB, on a cold connection. */
export async function readWithConveyor({ site, key, bytes, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(bytes);
  await using storage = await connect({ site });
  watch.start();
  {
    await using handle = await openConveyor(storage, `/${key}`, 'r', reading);
    for (let at = 0; at < bytes; at += pieceBytes) await handle.read(found, at, pieceBytes, null);
  }
  watch.stop();
  requireMade(found, 0);
}

/** One GET, as its manual shows it. */
export async function readWithSdk({ site, key, bytes, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(bytes);
  const client = sdk(site);
  watch.start();
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bench', Key: key }));
  let done = 0;
  for await (const piece of Body as AsyncIterable<Uint8Array>) {
    found.set(piece, done);
    done += piece.byteLength;
  }
  watch.stop();
  client.destroy();
  if (done !== bytes) throw new VerificationError(`${done} bytes instead of ${bytes}`);
  requireMade(found, 0);
}

/** Writes in 128 KiB, commit included. */
export async function writeWithConveyor({ site, key, bytes, watch }: S3Job): Promise<void> {
  await using storage = await connect({ site });
  watch.start();
  const handle: ConveyorFileHandle = await openConveyor(storage, `/${key}`, 'w', { readCapacityMax: 'off' });
  for (let at = 0; at < bytes; at += pieceBytes) await handle.write(discardedBytes(at, pieceBytes));
  await handle.close();
  watch.stop();
}

/** Parts of 8 MiB, four at a time, as its upload manager does it. */
export async function writeWithSdk({ site, key, bytes, watch }: S3Job): Promise<void> {
  const client = sdk(site);
  const name = { Bucket: 'bench', Key: key };
  const partBytes = 8 * mib;
  watch.start();
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(name));
  const parts: { PartNumber: number; ETag: string | undefined; ChecksumCRC32: string | undefined }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < bytes) {
      const offset = next;
      next += partBytes;
      const body = Buffer.allocUnsafeSlow(Math.min(partBytes, bytes - offset));
      fillMade(body, offset);
      const number = offset / partBytes + 1;
      const part = { ...name, UploadId, PartNumber: number, Body: body };
      const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
      parts.push({ PartNumber: number, ETag, ChecksumCRC32 });
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  parts.sort((a, b) => a.PartNumber - b.PartNumber);
  await client.send(new CompleteMultipartUploadCommand({ ...name, UploadId, MultipartUpload: { Parts: parts } }));
  watch.stop();
  client.destroy();
}

/** `rclone copyto` as it comes, from or to a file in the temporary directory. */
export async function copyWithRclone(job: S3Job, direction: 'down' | 'up'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-bench-'));
  const file = join(folder, 'file');
  const remote = `${rcloneRemote(job.site)}/${job.key}`;
  try {
    if (direction === 'up') await writeMade(file, job.bytes);
    job.watch.start();
    await runRclone(['copyto', '--ignore-times', ...(direction === 'down' ? [remote, file] : [file, remote])]);
    job.watch.stop();
    if (direction === 'down') await requireFile(file, job.bytes);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads an object back, compares every byte, and removes it; outside of any clock. */
export async function takeObject({ site, key, bytes }: S3Job): Promise<void> {
  await using storage = await connect({ site });
  await using file = await storage.open(`/${key}`, 'r');
  if ((await file.size()) !== bytes) throw new VerificationError(`${await file.size()} bytes instead of ${bytes}`);
  const piece = Buffer.allocUnsafeSlow(Math.min(bytes, 32 * mib));
  for (let at = 0; at < bytes; at += piece.byteLength) {
    const part = piece.subarray(0, Math.min(piece.byteLength, bytes - at));
    await file.read(part, at);
    requireMade(part, at);
  }
  await storage.remove(`/${key}`);
}

async function writeMade(path: string, bytes: number): Promise<void> {
  await using file = await openLocal(path, 'wx');
  for (let at = 0; at < bytes; at += pieceBytes) await file.write(discardedBytes(at, Math.min(pieceBytes, bytes - at)));
}

async function requireFile(path: string, bytes: number): Promise<void> {
  const { size } = await stat(path);
  if (size !== bytes) throw new VerificationError(`${size} bytes instead of ${bytes}`);
  let at = 0;
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    requireMade(piece as Buffer, at);
    at += (piece as Buffer).byteLength;
  }
}
