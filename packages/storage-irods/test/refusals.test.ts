import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { IrodsStorage } from '../src/index.ts';
import { contentOf, create, home, isSame, pattern, World } from './world.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../irods-emulator/test/certificates/${name}.pem`, import.meta.url), 'utf8');
const tls = { key: read('server-key'), cert: read('server') };
const ca = read('authority');

let world: World | undefined;

afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
});

async function start(...options: Parameters<typeof World.start>): Promise<World> {
  world = await World.start(...options);
  return world;
}

describe('logins that are refused', () => {
  test.each(['4.2.9', '4.3.5', '5.0.2'])('wrong password, unknown user, unknown zone (%s)', async (version) => {
    const { connect } = bound(await start({ version }));
    await expect(connect({ password: 'wrong' })).rejects.toMatchObject({ code: 'EACCES', operation: 'connect' });
    await expect(connect({ user: 'nobody' })).rejects.toMatchObject({ code: 'EACCES' });
    const codes = version.startsWith('5') ? 'EACCES' : 'EINVAL';
    await expect(connect({ zone: 'elsewhere' })).rejects.toMatchObject({ code: codes });
    await using storage = await connect();
    expect((await storage.stat(home)).type).toBe('directory');
  });

  test('nobody listens', async () => {
    const { emulator } = await start();
    const { host, port, zone } = emulator;
    await emulator.close();
    await expect(IrodsStorage.connect({ host, port, zone, user: 'alice' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('a server that is silent is given up', async () => {
    const { connect, emulator } = bound(
      await start({ faultPlan: [{ operation: 'connect', fault: { kind: 'silence' } }] }),
    );
    await expect(connect({ connectTimeoutMs: 50, attemptsMax: 1 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    emulator.faults.release();
  });

  test('too many connections', async () => {
    const { connect } = bound(await start({ connectionsMax: 1 }));
    await using storage = await connect({ connectionsMax: 2 });
    await expect(connect()).rejects.toMatchObject({ code: 'EAGAIN', retry: 'safe' });
    await expect(storage.stat(home)).resolves.toBeDefined();
  });
});

describe('TLS', () => {
  const host = 'localhost';

  test('a certificate that nobody vouches for is refused, unless asked for', async () => {
    const { connect } = bound(await start({ tls }));
    await expect(connect({ host })).rejects.toMatchObject({ code: 'EPROTO', message: /verify: 'none'/ });
    for (const trust of [{ ca }, { ca, verify: 'cert' }, { verify: 'none' }] as const) {
      await using storage = await connect({ host, ...trust });
      await create(storage, `${home}/a`, pattern(100));
      expect(isSame(await contentOf(storage, `${home}/a`), pattern(100))).toBe(true);
    }
  });

  test('who requires TLS never goes on without it, and who refuses it says so', async () => {
    const plain = bound(await start());
    await expect(plain.connect({ policy: 'CS_NEG_REQUIRE' })).rejects.toMatchObject({ code: 'EPROTO' });
    await world?.[Symbol.asyncDispose]();
    const { connect } = bound(await start({ tls, policy: 'CS_NEG_REQUIRE' }));
    await expect(connect({ policy: 'CS_NEG_REFUSE' })).rejects.toMatchObject({ code: 'EPROTO' });
  });

  test.each(['4.2.9', '5.0.2'])('PAM passwords travel inside of TLS only, and are renewed (%s)', async (version) => {
    const { connect, emulator } = bound(await start({ version, tls }));
    const pam = { host, ca, authentication: 'pam_password', password: 'pam secret' } as const;
    await expect(connect({ ...pam, policy: 'CS_NEG_REFUSE' })).rejects.toMatchObject({ code: 'EACCES' });
    await expect(connect({ ...pam, password: 'wrong' })).rejects.toMatchObject({ code: 'EACCES' });
    await using storage = await connect({ ...pam, idleTimeoutMs: 0 });
    emulator.users.expirePamPasswords();
    emulator.cutConnections();
    expect((await storage.stat(home)).type).toBe('directory');
  });
});

describe('objects and names that are refused', () => {
  test('an object that somebody else writes is EBUSY, and nothing happens to it', async () => {
    const { connect } = bound(await start());
    await using one = await connect();
    await using other = await connect();
    const file = await one.open(`${home}/a`, 'w');
    await file.write(pattern(100), 0);
    for (const flags of ['r', 'r+', 'w'] as const) {
      await expect(other.open(`${home}/a`, flags)).rejects.toMatchObject({ code: 'EBUSY', retry: 'safe' });
    }
    await expect(other.rename(`${home}/a`, `${home}/b`)).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(other.remove(`${home}/a`)).rejects.toMatchObject({ code: 'EBUSY' });
    await file.close();
    expect(isSame(await contentOf(other, `${home}/a`), pattern(100))).toBe(true);
  });

  test('a file that went to somebody else between two syncs is ESTALE', async () => {
    const { connect } = bound(await start());
    await using one = await connect();
    await using other = await connect();
    const file = await one.open(`${home}/a`, 'w');
    await file.write(pattern(100), 0);
    await file.sync();
    await create(other, `${home}/a`, pattern(55, 2));
    await expect(file.write(pattern(10), 100)).rejects.toMatchObject({ code: 'ESTALE' });
    await file.close();
    expect(isSame(await contentOf(other, `${home}/a`), pattern(55, 2))).toBe(true);
  });

  test('no permission', async () => {
    const { connect, emulator } = bound(await start());
    await using alice = await connect();
    await using bob = await connect({ user: 'bob', password: 'hidden' });
    await create(alice, `${home}/a`, pattern(10));
    await expect(bob.open(`${home}/a`, 'r')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(bob.open(`${home}/b`, 'w')).rejects.toMatchObject({ code: /ENOENT|EACCES/ });
    await expect(bob.mkdir(`${home}/c`)).rejects.toMatchObject({ code: 'EACCES' });
    await expect(bob.openReplacement(`${home}/a`)).rejects.toMatchObject({ code: 'EACCES' });
    expect(emulator.replicas(`${home}/a`)).toHaveLength(1);
  });

  test('quota, a full disk, a resource that is down or unknown', async () => {
    const { connect, emulator } = bound(await start());
    await using storage = await connect();
    await create(storage, `${home}/a`, pattern(100));
    emulator.setLimits({ quotaBytes: 50, capacityBytes: undefined });
    await expect(storage.open(`${home}/b`, 'w')).rejects.toMatchObject({ code: 'EDQUOT' });
    emulator.setLimits({ quotaBytes: undefined, capacityBytes: 150 });
    const file = await storage.open(`${home}/c`, 'w');
    await expect(file.write(pattern(100), 0)).rejects.toMatchObject({ code: 'ENOSPC', offset: 0, length: 100 });
    await file.close();
    emulator.setResource('demoResc', 'down');
    await expect(storage.open(`${home}/d`, 'w')).rejects.toMatchObject({ code: 'EIO' });
    await using strange = await connect({ resource: 'nowhere' });
    await expect(strange.open(`${home}/e`, 'w')).rejects.toMatchObject({ code: 'ENODEV' });
  });

  test('every odd character comes back, and what servers cannot keep is refused before', async () => {
    const { connect, emulator } = bound(await start());
    await using storage = await connect();
    const names = [
      '&amp;',
      "it's",
      '`',
      '%',
      '_',
      'a\tb',
      'a\nb',
      'a\rb',
      '\u0001',
      '<x>',
      '"',
      '\\',
      '&#39;',
      '||',
      "' &&",
    ];
    for (const name of names) await create(storage, `${home}/${name}`, pattern(3));
    const found: string[] = [];
    for await (const entry of storage.list(home)) found.push(entry.name);
    expect(found.sort()).toEqual([...names].sort());
    for (const name of names) await storage.rename(`${home}/${name}`, `${home}/${name}~`);
    const open = (path: string) => storage.open(path, 'w');
    await expect(open(`${home}/a' || 'b`)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(open(`${home}/../bob/x`)).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(open(`${home}/\ud800`)).rejects.toMatchObject({ code: 'EILSEQ' });
    await expect(open(`${home}/${'n'.repeat(256)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    await expect(open(`${home}/${'d/'.repeat(600)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    expect(emulator.violations).toEqual([]);
  });
});

describe('several connections', () => {
  test('reads and writes of one file spread over connections, and one lost connection changes nothing', async () => {
    const { connect, emulator } = bound(await start());
    await using storage = await connect({ pieceBytes: 4096 });
    const bytes = pattern(100 * 4096);
    const file = await storage.open(`${home}/a`, 'w');
    await file.write(bytes.subarray(0, 4096), 0);
    await file.write(bytes.subarray(4096), 4096);
    expect(new Set(emulator.tokens[0]?.connections).size).toBeGreaterThan(1);
    await file.close();
    await using reader = await storage.open(`${home}/a`, 'r');
    const back = new Uint8Array(bytes.length);
    await reader.read(back, 0);
    expect(emulator.descriptors.length).toBeGreaterThan(1);
    emulator.faults.setPlan([{ operation: 'dataObjRead', nth: 3, fault: { kind: 'drop', when: 'reply' } }]);
    back.fill(0);
    await reader.read(back, 0);
    expect(emulator.faults.injected).toHaveLength(1);
    expect(isSame(back, bytes)).toBe(true);
  });

  test('lesson 14: a write whose connection is lost goes on in the same replica', async () => {
    const { connect, emulator } = bound(await start());
    await using storage = await connect({ pieceBytes: 4096, attemptsMax: 8 });
    const bytes = pattern(50 * 4096);
    const file = await storage.open(`${home}/a`, 'w');
    await file.write(bytes.subarray(0, 8192), 0);
    emulator.faults.setPlan([{ operation: 'dataObjWrite', nth: 5, fault: { kind: 'drop', when: 'request' } }]);
    await file.write(bytes.subarray(8192), 8192);
    expect(emulator.faults.injected).toHaveLength(1);
    await file.close();
    const [replica] = emulator.replicas(`${home}/a`);
    expect(replica).toMatchObject({ status: 1, size: bytes.length });
    expect(isSame(replica?.bytes, bytes)).toBe(true);
  });
});

test.each(['sha2', 'md5'] as const)('checksums are compared, both ways (%s)', async (hashScheme) => {
  const { connect, emulator } = bound(await start({ hashScheme }));
  await using storage = await connect({ hashScheme });
  const replacement = await storage.openReplacement(`${home}/a`);
  await replacement.write(pattern(10_000), 0);
  await replacement.commit();
  expect(emulator.replicas(`${home}/a`)[0]?.checksum).not.toBe('');
  emulator.faults.setPlan([{ operation: 'dataObjRead', nth: 1, fault: { kind: 'corrupt' } }]);
  await using reader = await storage.open(`${home}/a`, 'r');
  await expect(reader.read(new Uint8Array(10_000), 0)).rejects.toMatchObject({ code: 'ERR_CONVEYOR_CHECKSUM' });
  emulator.faults.setPlan([{ operation: 'dataObjWrite', nth: 1, fault: { kind: 'corrupt' } }]);
  await using wrong = await storage.openReplacement(`${home}/a`);
  await wrong.write(pattern(10_000, 2), 0);
  await expect(wrong.commit()).rejects.toMatchObject({ code: 'ERR_CONVEYOR_CHECKSUM' });
  emulator.faults.setPlan([]);
  expect(isSame(emulator.replicas(`${home}/a`)[0]?.bytes, pattern(10_000))).toBe(true);
});

/** What a test needs of a world, to be taken apart. */
function bound(one: World) {
  return { connect: one.connect.bind(one), emulator: one.emulator };
}
