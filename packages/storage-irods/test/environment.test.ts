import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempDir, tempDir } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logIn, placeOfIrodsUrl, readEnvironment, readPassword, writePassword } from '../src/index.ts';
import { World } from './world.ts';

let folder: TempDir;

beforeEach(async () => {
  folder = await tempDir();
});

afterEach(() => folder.remove());

async function settings(content: string): Promise<void> {
  await mkdir(join(folder.path, '.irods'), { recursive: true });
  await writeFile(join(folder.path, '.irods', 'irods_environment.json'), content);
}

describe('the files of iRODS clients', () => {
  test('settings are read, and variables win', async () => {
    await settings(
      JSON.stringify({ irods_host: 'a.example', irods_port: 1300, irods_zone_name: 'z', irods_user_name: 'alice' }),
    );
    const { options, passwordPath } = await readEnvironment({ HOME: folder.path, IRODS_HOST: 'b.example' });
    expect(options).toMatchObject({ host: 'b.example', port: 1300, zone: 'z', user: 'alice' });
    expect(passwordPath).toBe(join(folder.path, '.irods', '.irodsA'));
  });

  test('nothing is there, and that is nothing', async () => {
    const { options, passwordPath } = await readEnvironment({ HOME: folder.path });
    expect(options.host).toBeUndefined();
    expect(await readPassword(passwordPath)).toBeUndefined();
  });

  test.each(['{', '[]', '{"irods_port": "many"}', '{"irods_ssl_verify_server": "perhaps"}'])(
    '%s is refused',
    async (content) => {
      await settings(content);
      await expect(readEnvironment({ HOME: folder.path })).rejects.toMatchObject({ code: 'EINVAL' });
    },
  );

  test('a password comes back, is not readable at a glance nor by others', async () => {
    const path = join(folder.path, 'sub', '.irodsA');
    await writePassword(path, 's3cret/Pw~x');
    expect(await readPassword(path)).toBe('s3cret/Pw~x');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'latin1')).not.toContain('s3cret');
  });
});

describe('URLs', () => {
  test('every part may be left out but the zone', () => {
    expect(placeOfIrodsUrl('irods://al%23ice@host:1300/zone/a%20b')).toEqual({
      user: 'al#ice',
      host: 'host',
      port: 1300,
      zone: 'zone',
      path: '/zone/a b',
    });
    expect(placeOfIrodsUrl('irods:///zone/')).toMatchObject({ host: undefined, zone: 'zone', path: '/zone/' });
    expect(placeOfIrodsUrl('irods://[::1]/zone')).toMatchObject({ host: '::1', zone: 'zone' });
  });

  test.each([
    's3://a/b',
    'irods://host',
    'irods://host/',
    'irods://user:password@host/zone',
    'irods://host:99999/zone',
    'irods://host/zone?x',
    'irods://host/zone#x',
    'irods://host/zone/%zz',
    'irods://host/zone/%00',
  ])('%s is refused', (url) => {
    expect(() => placeOfIrodsUrl(url)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  test('a password in a URL is not repeated in the error', () => {
    expect(() => placeOfIrodsUrl('irods://user:password@host/zone')).toThrow(/^(?!.*user:password)/);
  });
});

test('logging in keeps what works, and nothing else', async () => {
  await using world = await World.start();
  const url = `irods://alice@127.0.0.1:${world.emulator.port}/tempZone`;
  const variables = { HOME: folder.path };
  await expect(logIn({ url, password: 'wrong', variables })).rejects.toMatchObject({
    code: 'EACCES',
    operation: 'connect',
  });
  await expect(stat(join(folder.path, '.irods'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(logIn({ password: 'secret', variables })).rejects.toMatchObject({ code: 'EINVAL' });
  expect(await logIn({ url, password: 'secret', variables })).toContain('alice#tempZone');
  // From now on the files know.
  expect(await logIn({ password: 'secret', variables })).toContain('alice#tempZone');
  await expect(logIn({ password: 'pam secret', usesPam: true, variables })).rejects.toMatchObject({ code: 'EACCES' });
  expect(await readPassword(join(folder.path, '.irods', '.irodsA'))).toBe('secret');
});
