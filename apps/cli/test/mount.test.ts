import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startS3Mock } from '@libconveyor/s3-mock';
import { eventually, tempDir, withTempDir } from '@libconveyor/testkit';
import { describe, expect, inject, test } from 'vitest';
import { parseMounts } from '../src/mount-survey.ts';
import { conveyor, type Run, start } from './child.ts';
import { runCommand } from './command.ts';

const why = whyNot();

/** Why nothing can be mounted here; undefined where it can. */
function whyNot(): string | undefined {
  if (!existsSync(join(inject('program'), 'fuse.node'))) return 'the mount was not built: libfuse3-dev is optional';
  if (process.geteuid?.() !== 0) return 'only root mounts in these tests';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return '/dev/fuse cannot be used';
  }
}

const isMounted = async (at: string): Promise<boolean> =>
  parseMounts(await readFile('/proc/self/mountinfo', 'utf8')).some(({ mountPoint }) => mountPoint === at);

/** Runs `body` with a directory that holds `file`, and an empty one to mount it at. */
async function withPlaces(body: (behind: string, at: string, home: string) => Promise<void>): Promise<void> {
  await withTempDir(async (home) => {
    const [behind, at] = [join(home, 'behind'), join(home, 'a t')];
    await mkdir(behind);
    await mkdir(at);
    await writeFile(join(behind, 'file'), 'content');
    try {
      await body(behind, at, home);
    } finally {
      await runCommand('umount', ['-l', at]);
    }
  });
}

async function mountedInForeground(behind: string, at: string, ...options: string[]): Promise<Run> {
  const run = start(['mount', '--foreground', ...options, behind, at]);
  await eventually(() => isMounted(at), 'the mount');
  return run;
}

describe.skipIf(why !== undefined)(`conveyor mount${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  test('it goes on in the background, and fusermount3 -u ends it', async () => {
    await withPlaces(async (behind, at, home) => {
      const log = join(home, 'log');
      expect(await conveyor(['mount', '-o', 'noatime', '--log', log, behind, at])).toMatchObject({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect(await readFile(join(at, 'file'), 'utf8')).toBe('content');
      await writeFile(join(at, 'new'), 'through');
      expect(await readFile(join(behind, 'new'), 'utf8')).toBe('through');
      const { stdout } = await conveyor(['doctor', '--mounts']);
      expect(stdout).toContain(`alive  '${at}'`);
      expect((await runCommand('fusermount3', ['-u', at])).status).toBe(0);
      expect(await readFile(log, 'utf8')).toBe('');
    });
  });

  test('what keeps it from being there is told before it goes into the background', async () => {
    await withPlaces(async (behind, at, home) => {
      const missing = await conveyor(['mount', behind, join(home, 'none')]);
      expect(missing.status).toBe(1);
      expect(missing.stderr).toMatch(/^conveyor: cannot mount .*no such file/);
      const file = await conveyor(['mount', behind, join(behind, 'file')]);
      expect(file).toMatchObject({ status: 1, stderr: expect.stringContaining('no directory') });
      const unknown = await conveyor(['mount', '-o', 'readonly', behind, at]);
      expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining("'readonly'") });
    });
  });

  test('M4: SIGTERM ends it with 0, and with 1 when files are still open', async () => {
    await withPlaces(async (behind, at) => {
      const idle = await mountedInForeground(behind, at);
      idle.child.kill('SIGTERM');
      expect(await idle.ended).toMatchObject({ status: 0, stderr: '' });
      const used = await mountedInForeground(behind, at, '--timeout', '300ms');
      const reader = start(['cat', join(at, 'file')]);
      expect((await reader.ended).stdout).toBe('content');
      const holder = spawn('sh', ['-c', 'exec 9<"$1"; echo open; read -r _', 'sh', join(at, 'file')]);
      await once(holder.stdout, 'data');
      used.child.kill('SIGTERM');
      expect(await used.ended).toMatchObject({ status: 1, stderr: expect.stringContaining('still open') });
      holder.stdin.end();
    });
  });

  test('M5: a killed process leaves no mount, and the place can be used again', async () => {
    await withPlaces(async (behind, at) => {
      const { child, ended } = await mountedInForeground(behind, at);
      child.kill('SIGKILL');
      await ended;
      await eventually(async () => !(await isMounted(at)), 'the end of the dead mount');
      expect(await readdir(at)).toEqual([]);
      const again = await mountedInForeground(behind, at);
      expect(await readFile(join(at, 'file'), 'utf8')).toBe('content');
      again.child.kill('SIGINT');
      expect((await again.ended).status).toBe(0);
    });
  });

  test('M5: killed in the middle of writes, a bucket has what was synced, and the rest whole or not', async () => {
    await using folder = await tempDir();
    const server = await startS3Mock({ buckets: ['bucket'] });
    try {
      const { accessKeyId, secretAccessKey } = server.credentials;
      const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
      const env = { HOME: folder.path, AWS_EC2_METADATA_DISABLED: 'true', ...keys };
      const args = ['mount', '--foreground', '--endpoint', server.endpoint, 's3://bucket', folder.path];
      const first = start(args, { env });
      await eventually(() => isMounted(folder.path), 'the mount');
      const dd = ['if=/dev/urandom', 'bs=64k', 'count=40', 'status=none'];
      expect((await runCommand('dd', [...dd, `of=${join(folder.path, 'synced')}`, 'conv=fsync'])).status).toBe(0);
      const before = await readFile(join(folder.path, 'synced'));
      const writer = spawn('sh', [
        '-c',
        'exec 9>"$1"; head -c 300000 /dev/zero >&9; echo on; read -r _',
        'sh',
        join(folder.path, 'cut'),
      ]);
      await once(writer.stdout, 'data');
      first.child.kill('SIGKILL');
      await first.ended;
      await eventually(async () => !(await isMounted(folder.path)), 'the end of the dead mount');
      writer.stdin.end();
      const second = start(args, { env });
      await eventually(() => isMounted(folder.path), 'the second mount');
      expect((await readFile(join(folder.path, 'synced'))).equals(before)).toBe(true);
      const cut = await stat(join(folder.path, 'cut')).catch(() => undefined);
      // Each close of a duplicate stores what there is by then.
      expect([undefined, 0, 300_000]).toContain(cut?.size);
      second.child.kill('SIGTERM');
      expect(await second.ended).toMatchObject({ status: 0, stderr: '' });
    } finally {
      await runCommand('umount', ['-l', folder.path]);
      await server.close();
    }
  });

  test('M7: SIGUSR2 has it tell what it has done', async () => {
    await withPlaces(async (behind, at) => {
      const { child, ended } = await mountedInForeground(behind, at);
      await writeFile(join(at, 'x'), '');
      let told = '';
      child.stderr?.on('data', (text: string) => {
        told += text;
      });
      const asks = (): boolean => child.kill('SIGUSR2') && told.includes('create 1');
      await eventually(asks, 'the counts');
      child.kill('SIGTERM');
      expect((await ended).status).toBe(0);
    });
  });
});

test('the mounts of this program are found among all', () => {
  const text = [
    '36 35 98:0 / / rw - ext4 /dev/root rw',
    '57 36 0:57 / /mnt/a\\040b rw,nosuid shared:1 - fuse.conveyor file:/srv\\040x rw,user_id=0',
  ].join('\n');
  expect(parseMounts(text)).toEqual([{ mountPoint: '/mnt/a b', source: 'file:/srv x' }]);
});
