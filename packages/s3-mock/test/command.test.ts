import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const announced = /AWS_ENDPOINT_URL_S3=(\S+) AWS_REGION=(\S+) AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)/;
const node = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register', main];

interface Running {
  child: ChildProcess;
  client: S3Client;
}

function run(...args: string[]): ChildProcess {
  // From here, because the loader is a dependency of this package.
  return spawn(process.execPath, [...node, ...args], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Starts the command and takes its word for where it listens. */
async function start(...args: string[]): Promise<Running> {
  const child = run('--port', '0', '--bucket', 'one', ...args);
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  for await (const line of lines) {
    const found = announced.exec(line);
    if (found === null) continue;
    const [, endpoint = '', region = '', accessKeyId = '', secretAccessKey = ''] = found;
    const credentials = { accessKeyId, secretAccessKey };
    return { child, client: new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 }) };
  }
  throw new Error('The command ended before it listened');
}

async function end({ child, client }: Running, signal: NodeJS.Signals): Promise<number | null> {
  client.destroy();
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = await exited;
  return code;
}

test('what was answered survives kill -9; SIGTERM ends it in good order', async () => {
  await withTempDir(async (data) => {
    const first = await start('--data', data);
    const put = (Key: string) =>
      first.client.send(new PutObjectCommand({ Bucket: 'one', Key, Body: `body of ${Key}` }));
    await Promise.all(['a', 'b', 'c'].map(put));
    await end(first, 'SIGKILL');
    const second = await start('--data', data);
    for (const Key of ['a', 'b', 'c']) {
      const { Body } = await second.client.send(new GetObjectCommand({ Bucket: 'one', Key }));
      expect(await Body?.transformToString()).toBe(`body of ${Key}`);
    }
    expect(await end(second, 'SIGTERM')).toBe(0);
    expect((await readdir(data)).sort()).toEqual(['blobs', 'buckets', 'tmp']);
  });
});

test('a plan from a file, a seed, a latency, a bandwidth', async () => {
  await withTempDir(async (folder) => {
    const plan = join(folder, 'plan.json');
    const fault = { kind: 'error', code: 'SlowDown' };
    await writeFile(plan, JSON.stringify([{ operation: 'PutObject', nth: 2, fault }]));
    const running = await start('--fault-plan', plan, '--seed', '7', '--latency', '1-2ms', '--bandwidth', '1Gbit');
    const put = () => running.client.send(new PutObjectCommand({ Bucket: 'one', Key: 'a', Body: 'a' }));
    await put();
    await expect(put()).rejects.toMatchObject({ name: 'SlowDown' });
    await put();
    await end(running, 'SIGINT');
  });
});

test.each([
  [['--port', 'x'], 'must be a whole number'],
  [['--bandwidth', 'fast'], 'options.bandwidth must be a number with one of'],
  [['--latency', 'soon'], 'Write 20ms'],
  [['--fault-plan', '/nowhere/plan.json'], 'ENOENT'],
  [['--nonsense'], "unknown option '--nonsense'"],
])('%j is refused in one line', async (args, words) => {
  const child = run('--port', '0', ...args);
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  expect(said).toContain(words);
  expect(said.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
});
