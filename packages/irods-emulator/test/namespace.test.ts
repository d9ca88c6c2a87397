import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { apis, keyValuesOf, openFlags } from '@libconveyor/irods-protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';
import { settled } from './settled.ts';

const home = '/tempZone/home/rods';
let emulator: IrodsEmulator;
let client: RawClient;
beforeEach(async () => {
  emulator = await startIrodsEmulator({
    users: [
      { name: 'rods', password: 'rods', type: 'rodsadmin' },
      { name: 'alice', password: 'alice' },
    ],
    tickets: [
      { ticket: 'read-me', path: `${home}/a` },
      { ticket: 'once', path: `${home}/a`, uses: 1 },
      { ticket: 'old', path: `${home}/a`, expiresMs: 1 },
    ],
  });
  emulator.createObject(`${home}/a`, Buffer.from('aaa'));
  client = await RawClient.login(emulator.port);
});
afterEach(async () => {
  await emulator.close();
});

async function rename(from: string, to: string, conditions?: Record<string, string>): Promise<number> {
  const source = about(from, { oprType: 22 });
  return (await client.call('dataObjRename', { source, destination: about(to, { oprType: 22, conditions }) })).code;
}

function collection(collName: string, conditions: Record<string, string> = {}) {
  return { collName, flags: 0, oprType: 0, keyValues: keyValuesOf(conditions) };
}

async function makeCollection(path: string, conditions?: Record<string, string>): Promise<number> {
  return (await client.call('createCollection', collection(path, conditions))).code;
}

describe('a rename', () => {
  it('answers what a server answers', async () => {
    emulator.createObject(`${home}/b`, Buffer.from('b'));
    await makeCollection(`${home}/c`);
    expect(await rename(`${home}/a`, `${home}/a`)).toBe(-339_000);
    expect(await rename(`${home}/a`, `${home}/b`)).toBe(-834_000);
    expect(await rename(`${home}/a`, `${home}/c`)).toBe(-833_000);
    expect(await rename(`${home}/none`, `${home}/x`)).toBe(-808_000);
    expect(await rename(`${home}/a`, '/otherZone/a')).toBe(-109_000);
    expect(await rename(`${home}/a`, `${home}/none/a`)).toBe(-814_000);
    expect(await rename(`${home}/c`, `${home}/c/c`)).toBe(-837_000);
    expect(await rename(`${home}/a`, `${home}/b`, { forceFlag: '' })).toBe(0);
    expect(emulator.replicas(`${home}/b`)[0]?.bytes.toString()).toBe('aaa');
  });

  it('needs the new name to be free in the old collection, too', async () => {
    await makeCollection(`${home}/c`);
    emulator.createObject(`${home}/b`, Buffer.from('b'));
    expect(await rename(`${home}/a`, `${home}/c/b`)).toBe(-834_000);
    expect(await rename(`${home}/a`, `${home}/c/x`)).toBe(0);
  });

  it('whose second step failed is half done until the connection ends', async () => {
    expect(await rename(`${home}/a`, `${home}/none/b`)).toBe(-814_000);
    expect((await client.call('objStat', about(`${home}/b`))).code).toBe(1);
    await client.disconnect();
    await settled(() => expect(emulator.replicas(`${home}/a`)).toHaveLength(1));
    expect(emulator.replicas(`${home}/b`)).toHaveLength(0);
  });

  it('that is half done is committed by the next thing that succeeds', async () => {
    expect(await rename(`${home}/a`, `${home}/none/b`)).toBe(-814_000);
    expect(await makeCollection(`${home}/c`)).toBe(0);
    await client.disconnect();
    expect(emulator.replicas(`${home}/b`)).toHaveLength(1);
  });

  it('of a collection takes along what is in it, also what is open', async () => {
    await makeCollection(`${home}/c`);
    const opened = about(`${home}/c/x`, { openFlags: openFlags.writeOnly | openFlags.create });
    const { code: fd } = await client.call('dataObjOpen', opened);
    expect(await rename(`${home}/c`, `${home}/d`)).toBe(0);
    await client.call('dataObjWrite', on(fd, { len: 1 }), Buffer.from('x'));
    expect((await client.call('dataObjClose', on(fd))).code).toBe(0);
    expect(emulator.replicas(`${home}/d/x`)).toMatchObject([{ status: 1, size: 1 }]);
  });
});

describe('collections', () => {
  it('are made one by one, or with their parents', async () => {
    expect(await makeCollection(`${home}/c/d`)).toBe(-814_000);
    expect(await makeCollection(`${home}/c/d`, { recursiveOpr: '' })).toBe(0);
    expect(await makeCollection(`${home}/c/d`)).toBe(-809_000);
    expect(await makeCollection(`${home}/c/..`)).toBe(-317_000);
    expect(await makeCollection(`${home}/x' || 'y`)).toBe(-806_000);
  });

  it('say how far their removal is, and want an answer', async () => {
    for (let number = 0; number < 25; number++) emulator.createObject(`${home}/c/${number}`, Buffer.of(1));
    const remove = collection(`${home}/c`, { recursiveOpr: '', forceFlag: '' });
    expect((await client.call('removeCollection', collection(`${home}/c`))).code).toBe(-821_000);
    client.request('removeCollection', remove);
    for (let count = 0; count < 2; count++) {
      expect((await client.answer('removeCollection')).code).toBe(99_999_996);
      client.write(Buffer.from([0x05, 0xf5, 0xe0, 0xfd]));
    }
    expect((await client.answer('removeCollection')).code).toBe(0);
    expect((await client.call('objStat', about(`${home}/c`))).code).toBe(-310_000);
    expect((await client.call('removeCollection', remove)).code).toBe(-814_000);
    expect(emulator.violations).toEqual([]);
  });

  it('go to the trash without force', async () => {
    emulator.createObject(`${home}/c/x`, Buffer.of(1));
    const remove = collection(`${home}/c`, { recursiveOpr: '' });
    expect((await client.call('removeCollection', remove)).code).toBe(0);
    expect(emulator.replicas('/tempZone/trash/home/rods/c/x')).toHaveLength(1);
  });
});

describe('permissions', () => {
  it('hide what may not be read, and refuse what may not be written', async () => {
    const alice = await RawClient.login(emulator.port, 'alice');
    const path = `${home}/a`;
    expect((await alice.call('dataObjOpen', about(path))).code).toBe(-358_000);
    expect((await alice.call('objStat', about(path))).code).toBe(-310_000);
    expect((await alice.call('dataObjUnlink', about(path))).code).toBe(-808_000);
    const create = await alice.call('dataObjOpen', about(`${home}/new`, { openFlags: 65 }));
    expect(create).toMatchObject({ code: -818_000, messages: [`no permission to update collection '${home}'`] });
    const allow = { recursiveFlag: 0, accessLevel: 'read', userName: 'alice', zone: 'tempZone', path };
    expect((await client.call('modifyAccess', allow)).code).toBe(0);
    expect((await alice.call('dataObjOpen', about(path))).code).toBe(3);
    expect((await alice.call('dataObjOpen', about(path, { openFlags: 1 }))).code).toBe(-818_000);
    expect((await alice.call('dataObjUnlink', about(path))).code).toBe(-818_000);
    expect((await alice.call('modifyAccess', allow)).code).toBe(-818_000);
  });

  it('are lent by tickets', async () => {
    const alice = await RawClient.login(emulator.port, 'alice');
    const session = async (arg2: string): Promise<number> => {
      await alice.call('ticketAdmin', { arg1: 'session', arg2, keyValues: [] });
      return (await alice.call('dataObjOpen', about(`${home}/a`))).code;
    };
    expect(await session('read-me')).toBe(3);
    expect(await session('unknown')).toBe(-890_000);
    expect(await session('old')).toBe(-891_000);
    expect(await session('once')).toBe(4);
    expect(await session('once')).toBe(-892_000);
  });
});

describe('paths that cannot be', () => {
  it.each([
    [`${home}/${'x'.repeat(256)}`, -511_036],
    [`${home}/..`, -511_017],
    [`${home}//x`, -814_000],
    [`${home}/x/`, -317_000],
    [`${home}/${'y/'.repeat(520)}${'x'.repeat(1087 - home.length - 1 - 1040)}`, -306_000],
    [`${home}/x' && 'y`, -806_000],
    [home, -833_000],
  ])('are refused: %s', async (path, code) => {
    expect((await client.call('dataObjOpen', about(path, { openFlags: 65 }))).code).toBe(code);
  });
});

describe('whole objects', () => {
  it('are put and got in one message, with a checksum that can be verified', async () => {
    const path = `${home}/put`;
    const conditions = { dataIncluded: '', regChksum: '' };
    const bytes = Buffer.from('hello');
    expect((await client.call('dataObjPut', about(path, { dataSize: 5, conditions }), bytes)).code).toBe(0);
    expect((await client.call('dataObjPut', about(path, { dataSize: 5, conditions }), bytes)).code).toBe(-312_000);
    const got = await client.call('dataObjGet', about(path));
    expect(got).toMatchObject({ code: 5, bytes });
    const verify = about(path, { conditions: { verifyChksum: '' } });
    expect((await client.call('dataObjChecksum', verify)).code).toBe(0);
    expect(emulator.replicas(path)[0]?.checksum).toBe('sha2:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=');
    emulator.faults.setPlan([{ operation: 'dataObjWrite', fault: { kind: 'corrupt' } }]);
    expect((await client.call('dataObjTruncate', about(path, { dataSize: 2 }))).messages).toHaveLength(1);
    expect((await client.call('dataObjChecksum', verify)).code).toBe(-407_000);
    expect(apis.dataObjPut.takesBytes).toBe(true);
  });

  it('are truncated and grown, replica by replica', async () => {
    const path = `${home}/a`;
    const truncate = async (dataSize: number, conditions?: Record<string, string>): Promise<number> =>
      (await client.call('replicaTruncate', about(path, { dataSize, conditions }))).code;
    expect(await truncate(2)).toBe(0);
    expect(await truncate(5)).toBe(0);
    expect(emulator.replicas(path)[0]?.bytes).toEqual(Buffer.from('aa\0\0\0'));
    expect(await truncate(-1)).toBe(-529_022);
    expect(await truncate(1, { destRescName: 'demoResc' })).toBe(-402_000);
    expect((await client.call('replicaTruncate', about(`${home}/none`, { dataSize: 1 }))).code).toBe(-358_000);
  });
});
