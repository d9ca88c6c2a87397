import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conveyor } from './child.ts';

let folder: TempDir;
let emulator: IrodsEmulator;

beforeEach(async () => {
  folder = await tempDir();
  emulator = await startIrodsEmulator({ users: [{ name: 'alice', password: 'secret' }] });
});

afterEach(async () => {
  emulator.faults.release();
  await emulator.close();
  await folder.remove();
});

const at = (name: string): string => join(folder.path, name);
const bytes = Buffer.alloc(9 * 2 ** 20 + 5, Buffer.from(Uint8Array.from({ length: 9973 }, (_, index) => index * 7)));
const home = '/tempZone/home/alice';

function run(args: readonly string[], input?: string) {
  const env = { HOME: folder.path, IRODS_ENVIRONMENT_FILE: undefined };
  return conveyor(args, { cwd: folder.path, env, ...(input === undefined ? {} : { input }) });
}

const zoneUrl = (): string => `irods://alice@127.0.0.1:${emulator.port}/tempZone`;

describe('conveyor irods login', () => {
  test('a password that the server takes is kept, for nobody else to read', async () => {
    const outcome = await run(['irods', 'login', zoneUrl()], 'secret\n');
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout).toBe(`logged in as alice#tempZone at 127.0.0.1:${emulator.port}\n`);
    expect((await stat(at('.irods/.irodsA'))).mode & 0o777).toBe(0o600);
    expect(await readFile(at('.irods/.irodsA'), 'latin1')).not.toContain('secret');
    const settings = JSON.parse(await readFile(at('.irods/irods_environment.json'), 'utf8')) as object;
    expect(settings).toMatchObject({ irods_host: '127.0.0.1', irods_port: emulator.port, irods_user_name: 'alice' });
  });

  test('a password that it refuses is not', async () => {
    const outcome = await run(['irods', 'login', zoneUrl()], 'wrong\n');
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    expect(outcome.stderr).toContain('CAT_INVALID_AUTHENTICATION');
    expect(await readdir(folder.path)).toEqual([]);
    expect(await run(['irods', 'login', zoneUrl()])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no password'),
    });
  });
});

describe('conveyor cp and cat with irods: URLs', () => {
  test('a file and a tree go there and come back the same', async () => {
    await run(['irods', 'login', zoneUrl()], 'secret\n');
    await writeFile(at('a.bin'), bytes);
    expect(await run(['cp', '--checksum', 'a.bin', `irods://${home}/b%20c`])).toMatchObject({ status: 0, stderr: '' });
    const [replica] = emulator.replicas(`${home}/b c`);
    expect(replica).toMatchObject({ status: 1, size: bytes.length });
    expect(Buffer.compare(replica?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
    expect(await run(['cp', `irods://${home}/b%20c`, 'back'])).toMatchObject({ status: 0, stderr: '' });
    expect(Buffer.compare(await readFile(at('back')), bytes)).toBe(0);
    await mkdir(at('tree/inner'), { recursive: true });
    for (let index = 0; index < 20; index++) await writeFile(at(`tree/inner/${index}`), `file ${index}`);
    expect(await run(['cp', '-r', 'tree', `irods://${home}/`])).toMatchObject({ status: 0, stderr: '' });
    expect(await run(['cat', `irods://${home}/tree/inner/7`])).toMatchObject({ status: 0, stdout: 'file 7' });
    expect(await run(['cp', '-r', `irods://${home}/tree`, 'again'])).toMatchObject({ status: 0, stderr: '' });
    expect((await readdir(at('again/inner'))).length).toBe(20);
    expect(emulator.violations).toEqual([]);
    expect(emulator.stats.descriptorsLeftOpen).toBe(0);
  });

  test('what cannot be reached is told', async () => {
    expect(await run(['cat', `irods://${home}/x`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('names a host'),
    });
    const url = `irods://alice@127.0.0.1:${emulator.port}${home}/x`;
    expect(await run(['cat', url])).toMatchObject({ status: 1, stderr: expect.stringContaining('no password') });
    await run(['irods', 'login', zoneUrl()], 'secret\n');
    expect(await run(['cat', url])).toMatchObject({ status: 1, stderr: expect.stringContaining('does not exist') });
  });
});
