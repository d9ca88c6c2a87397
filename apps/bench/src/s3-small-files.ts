import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { rcloneRemote, runRclone, unaware } from './rclone.ts';
import { putAtCeiling } from './s3-ceiling.ts';
import { type Mounter, S3Mount } from './s3-mounts.ts';
import { inParallel } from './s3-random.ts';
import { connect, fillMade, requireMade, sdk } from './s3-sides.ts';
import type { S3Site } from './s3-site.ts';
import { VerificationError } from './samples.ts';
import type { Stopwatch } from './stopwatch.ts';
import { cliProgram } from './tree-copy.ts';

const execute = promisify(execFile);

/** Of each file. */
export const smallFileBytes = 4096;
const atOnce = 16;

/** A directory that goes into the bucket, under a prefix that nothing has. */
export interface SmallFilesJob {
  readonly site: S3Site;
  readonly folder: string;
  readonly names: readonly string[];
  readonly prefix: string;
  readonly watch: Stopwatch;
}

/** Makes the files, does the work, and removes them. */
export async function withSmallFiles<T>(
  count: number,
  work: (files: Pick<SmallFilesJob, 'folder' | 'names'>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-bench-'));
  try {
    const names = Array.from({ length: count }, (_, index) => `file-${String(index).padStart(5, '0')}`);
    for (const [index, name] of names.entries()) await writeFile(join(folder, name), contentOf(index));
    return await work({ folder, names });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `conveyor cp -r`, as a program: its start is inside of the clock. */
export async function addWithConveyor({ site, folder, prefix, watch }: SmallFilesJob): Promise<void> {
  const { accessKeyId, secretAccessKey } = site.credentials;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'us-east-1' };
  const target = `s3://bench/${prefix}/`;
  watch.start();
  const options = ['-r', '--jobs', String(atOnce), '--no-progress', '--endpoint', site.endpoint];
  await execute(process.execPath, [cliProgram(), 'cp', ...options, `${folder}/.`, target], {
    env: { ...unaware(), ...keys },
  });
  watch.stop();
}

/** A PutObject for each, 16 at once, in a process that is there already. */
export async function addWithSdk({ site, folder, names, prefix, watch }: SmallFilesJob): Promise<void> {
  const client = sdk(site);
  watch.start();
  await inParallel(atOnce, names.length, async (index) => {
    const name = names[index] as string;
    const Body = await readFile(join(folder, name));
    await client.send(new PutObjectCommand({ Bucket: 'bench', Key: `${prefix}/${name}`, Body }));
  });
  watch.stop();
  client.destroy();
}

/** `rclone copy` with as many transfers. */
export async function addWithRclone({ site, folder, prefix, watch }: SmallFilesJob): Promise<void> {
  watch.start();
  await runRclone(['copy', '--transfers', String(atOnce), folder, `${rcloneRemote(site)}/${prefix}`]);
  watch.stop();
}

/** 16 of cp(1) into a fresh mount. */
export async function addThroughMount(mounter: Mounter, { site, folder, prefix, watch }: SmallFilesJob): Promise<void> {
  await using mount = await S3Mount.start(mounter, site);
  watch.start();
  const target = join(mount.point, prefix);
  await mkdir(target);
  const script = 'cd "$1" && ls | xargs -P "$3" -n 32 cp -t "$2"';
  await execute('sh', ['-c', script, 'sh', folder, target, String(atOnce)]);
  watch.stop();
}

/** A bare PUT for each. */
export async function addAtCeiling({ site, names, prefix, watch }: SmallFilesJob): Promise<void> {
  const objects = names.map((name, index) => ({ key: `${prefix}/${name}`, content: contentOf(index) }));
  watch.start();
  await putAtCeiling(site.endpoint, objects);
  watch.stop();
}

/** Reads every object back. Errors: VerificationError. */
export async function requireSmallObjects({ site, names, prefix }: SmallFilesJob): Promise<void> {
  await using storage = await connect({ site });
  await inParallel(atOnce, names.length, async (index) => {
    await using file = await storage.open(`/${prefix}/${names[index]}`, 'r');
    const found = Buffer.alloc(smallFileBytes);
    const size = await file.size();
    if (size !== smallFileBytes) throw new VerificationError(`${names[index]}: ${size} bytes`);
    await file.read(found, 0);
    requireMade(found, index * smallFileBytes);
  });
}

function contentOf(index: number): Buffer {
  const content = Buffer.alloc(smallFileBytes);
  fillMade(content, index * smallFileBytes);
  return content;
}
