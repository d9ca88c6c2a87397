import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { jsonBuffer, openFlags } from '@libconveyor/irods-protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';

const path = '/tempZone/home/rods/a';
const resources = [
  { name: 'both', type: 'replication' },
  { name: 'left', parent: 'both' },
  { name: 'right', parent: 'both' },
  { name: 'alone' },
] as const;

let emulator: IrodsEmulator;
let client: RawClient;
beforeEach(async () => {
  emulator = await startIrodsEmulator({ resources });
  client = await RawClient.login(emulator.port);
});
afterEach(async () => {
  await emulator.close();
});

async function openAndWrite(text: string, flags: number, conditions?: Record<string, string>): Promise<number> {
  const { code: fd } = await client.call('dataObjOpen', about(path, { openFlags: flags, conditions }));
  if (text !== '') await client.call('dataObjWrite', on(fd, { len: text.length }), Buffer.from(text));
  return fd;
}

const create = openFlags.writeOnly | openFlags.create;

function states(): [string, number, string][] {
  return emulator.replicas(path).map(({ hierarchy, status, bytes }) => [hierarchy, status, bytes.toString()]);
}

describe('a resource that replicates', () => {
  it('has the bytes everywhere after DATA_OBJ_CLOSE', async () => {
    await client.call('dataObjClose', on(await openAndWrite('abc', create)));
    const all = [
      ['both;left', 1, 'abc'],
      ['both;right', 1, 'abc'],
    ];
    expect(states()).toEqual(all);
    const fd = await openAndWrite('', openFlags.writeOnly);
    expect(states().map(([, status]) => status)).toEqual([2, 4]);
    await client.call('dataObjClose', on(fd));
    expect(states()).toEqual(all);
  });

  it('has stale ones after REPLICA_CLOSE, even when nothing was written', async () => {
    await client.call('dataObjClose', on(await openAndWrite('abc', create)));
    await client.call('replicaClose', jsonBuffer({ fd: await openAndWrite('', openFlags.writeOnly) }));
    expect(states().map(([, status]) => status)).toEqual([1, 0]);
    await client.call('dataObjClose', on(await openAndWrite('x', openFlags.writeOnly)));
    expect(states()).toEqual([
      ['both;left', 1, 'xbc'],
      ['both;right', 1, 'xbc'],
    ]);
  });

  it('creates on what is up, and takes no child by its name', async () => {
    emulator.setResource('left', 'down');
    await client.call('dataObjClose', on(await openAndWrite('abc', create)));
    expect(states()).toEqual([['both;right', 1, 'abc']]);
    expect(
      (await client.call('dataObjOpen', about(`${path}2`, { openFlags: create, conditions: { destRescName: 'left' } })))
        .code,
    ).toBe(-1_816_000);
    expect(
      (await client.call('dataObjOpen', about(`${path}2`, { openFlags: create, conditions: { destRescName: 'none' } })))
        .code,
    ).toBe(-78_000);
  });

  it('gets one more by replication', async () => {
    await client.call('dataObjClose', on(await openAndWrite('abc', create, { destRescName: 'alone' })));
    const { code, output } = await client.call(
      'dataObjReplicate',
      about(path, { conditions: { destRescName: 'both' } }),
    );
    expect([code, output?.bytesWritten]).toEqual([0, 3]);
    expect(states()).toEqual([
      ['alone', 1, 'abc'],
      ['both;left', 1, 'abc'],
    ]);
  });
});

describe('REPLICA_CLOSE', () => {
  it('computes a checksum when it also updates the state', async () => {
    const fd = await openAndWrite('abc', create, { destRescName: 'alone' });
    expect((await client.call('replicaClose', jsonBuffer({ fd, compute_checksum: true }))).code).toBe(0);
    expect(emulator.replicas(path)[0]?.checksum).toBe('sha2:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=');
  });

  it('fails when it does not, and nobody can close the descriptor any more', async () => {
    const fd = await openAndWrite('abc', create);
    const wrong = jsonBuffer({ fd, compute_checksum: true, update_status: false });
    expect((await client.call('replicaClose', wrong)).code).toBe(-1_803_000);
    expect((await client.call('dataObjClose', on(fd))).code).toBe(-1_800_000);
    client.request('replicaClose', jsonBuffer({ fd }));
    await client.ended();
    expect(emulator.locked).toEqual([path]);
  });

  it('with the size alone leaves the object locked', async () => {
    const fd = await openAndWrite('abc', create);
    expect((await client.call('replicaClose', jsonBuffer({ fd, update_status: false }))).code).toBe(0);
    await client.disconnect();
    expect(states()).toEqual([['both;left', 2, 'abc']]);
  });
});

it.each([
  [{ resources: [{ name: 'a' }, { name: 'a' }] }, 'options.resources[1].name'],
  [{ resources: [{ name: 'b', parent: 'a' }, { name: 'a' }] }, 'options.resources[0].parent'],
  [{ resources: [{ name: 'a' }, { name: 'b', parent: 'a' }] }, 'options.resources[1].parent'],
  [{ resources: [{ name: 'a' }], defaultResource: 'b' }, 'options.defaultResource'],
  [{ zone: 'a/b' }, 'options.zone'],
  [{ users: [{ name: 'a/b', password: '' }] }, 'options.users[0].name'],
  [{ latency: 5 }, 'latencyMs'],
])('options that make no sense are refused by name: %j', async (options, name) => {
  await expect(startIrodsEmulator(options as never)).rejects.toThrow(name);
});
