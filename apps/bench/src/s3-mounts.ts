import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { discardedBytes } from '@libconveyor/s3-mock';
import { rcloneArguments, rcloneRemote, unaware } from './rclone.ts';
import { requireMade, type S3Job } from './s3-sides.ts';
import type { S3Site } from './s3-site.ts';

const pieceBytes = 128 * 1024;
const execute = promisify(execFile);
const mountMsMax = 10_000;
const pollMs = 10;

/** A program that shows a bucket as a directory. */
export type Mounter = 'rclone' | 's3fs';

/** The bucket as a directory, freshly mounted by somebody else's program with what it does by default. */
export class S3Mount implements AsyncDisposable {
  readonly point: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.point = join(folder, 'bucket');
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', resolve);
    });
  }

  /** Errors: Error with what the program says when it cannot mount. */
  static async start(mounter: Mounter, site: S3Site): Promise<S3Mount> {
    const folder = await mkdtemp(join(tmpdir(), 'conveyor-bench-'));
    const point = join(folder, 'bucket');
    await mkdir(point);
    const args = mounter === 'rclone' ? rcloneMount(site, point) : await s3fsMount(site, point, folder);
    const child = spawn(mounter, args, { stdio: ['ignore', 'ignore', 'pipe'], env: unaware() });
    const mount = new S3Mount(folder, child);
    let said = '';
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-2000);
    });
    for (let waitedMs = 0; !(await isMounted(point)); waitedMs += pollMs) {
      if (child.exitCode === null && waitedMs < mountMsMax) {
        await sleep(pollMs);
        continue;
      }
      await mount[Symbol.asyncDispose]();
      throw new Error(`${mounter} does not mount: ${said.trim()}`);
    }
    return mount;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be unmounted was not mounted, or its program has gone.
    const unmount = (how: string): Promise<unknown> => execute('fusermount3', [how, this.point]);
    await unmount('-u').catch(() => unmount('-uz').catch(() => undefined));
    if (this.#child.exitCode === null) this.#child.kill();
    await this.#ended;
    await rm(this.#folder, { recursive: true });
  }
}

/** Reads a file in 128 KiB; opening is inside of the clock, mounting is not. */
export async function readThroughMount(mounter: Mounter, { site, key, bytes, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(bytes);
  await using mount = await S3Mount.start(mounter, site);
  watch.start();
  readInto(found, join(mount.point, key), () => watch.stop());
  requireMade(found, 0);
}

/** Opens a file and reads 4 KiB. */
export async function firstByteThroughMount(mounter: Mounter, { site, key, watch }: S3Job): Promise<void> {
  const found = Buffer.alloc(4096);
  await using mount = await S3Mount.start(mounter, site);
  watch.start();
  readInto(found, join(mount.point, key), () => watch.stop());
  requireMade(found, 0);
}

/** Writes a file in 128 KiB; its close, which uploads, is inside of the clock. */
export async function writeThroughMount(mounter: Mounter, { site, key, bytes, watch }: S3Job): Promise<void> {
  await using mount = await S3Mount.start(mounter, site);
  watch.start();
  const file = openSync(join(mount.point, key), 'w');
  try {
    for (let at = 0; at < bytes; ) at += writeSync(file, discardedBytes(at, Math.min(pieceBytes, bytes - at)));
  } finally {
    closeSync(file);
  }
  watch.stop();
}

/** Fills a buffer; blocking calls, which cost the mounts least. */
function readInto(target: Buffer, path: string, done: () => void): void {
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < target.byteLength; ) {
      const count = readSync(file, target, at, Math.min(pieceBytes, target.byteLength - at), null);
      if (count === 0) throw new Error(`the file ends at ${at} instead of ${target.byteLength}`);
      at += count;
    }
    done();
  } finally {
    closeSync(file);
  }
}

function rcloneMount(site: S3Site, point: string): string[] {
  return ['mount', rcloneRemote(site), point, '--no-checksum', ...rcloneArguments];
}

async function s3fsMount({ endpoint, credentials }: S3Site, point: string, folder: string): Promise<string[]> {
  const passwords = join(folder, 'passwords');
  const { accessKeyId, secretAccessKey } = credentials;
  await writeFile(passwords, `${accessKeyId}:${secretAccessKey}`, { mode: 0o600 });
  const options = [`url=${endpoint}`, `passwd_file=${passwords}`, 'use_path_request_style', 'sigv4'];
  return ['bench', point, '-f', '-o', [...options, 'endpoint=us-east-1'].join(',')];
}

async function isMounted(point: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[1] === point);
}
