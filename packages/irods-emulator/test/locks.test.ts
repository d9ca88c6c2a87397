import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import {
  apis,
  column,
  equalTo,
  frameType,
  jsonBuffer,
  openFlags,
  parseJsonBuffer,
  rowsOf,
} from '@libconveyor/irods-protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';
import { settled } from './settled.ts';

const path = '/tempZone/home/rods/a';
const writeNew = openFlags.writeOnly | openFlags.create | openFlags.truncate;

let emulator: IrodsEmulator;
beforeEach(async () => {
  emulator = await startIrodsEmulator({ resources: [{ name: 'one' }, { name: 'two' }] });
});
afterEach(async () => {
  await emulator.close();
});

function login(): Promise<RawClient> {
  return RawClient.login(emulator.port);
}

function statuses(): number[] {
  return emulator.replicas(path).map(({ status }) => status);
}

async function open(client: RawClient, flags: number, conditions?: Record<string, string>): Promise<number> {
  const { code } = await client.call('dataObjOpen', about(path, { openFlags: flags, conditions }));
  return code;
}

async function replicaOpen(
  client: RawClient,
  flags: number,
): Promise<{ fd: number; token: string; hierarchy: string }> {
  const { code, output } = await client.call('replicaOpen', about(path, { openFlags: flags }));
  const info = parseJsonBuffer(output ?? { bytes: Buffer.alloc(0) }) as {
    replica_token: string;
    data_object_info: { resource_hierarchy: string };
  };
  return { fd: code, token: info.replica_token, hierarchy: info.data_object_info.resource_hierarchy };
}

async function write(client: RawClient, fd: number, offset: number, text: string): Promise<number> {
  await client.call('dataObjSeek', on(fd, { offset }));
  const { code } = await client.call('dataObjWrite', on(fd, { len: text.length }), Buffer.from(text));
  return code;
}

const secondaryClose = { update_size: false, update_status: false, compute_checksum: false, send_notifications: false };

describe('an object that is being written', () => {
  it('is in state 2 until its close, which makes it good', async () => {
    const client = await login();
    const fd = await open(client, writeNew);
    expect(fd).toBe(3);
    expect(statuses()).toEqual([2]);
    expect(await write(client, fd, 0, 'hello')).toBe(5);
    expect(emulator.replicas(path)).toMatchObject([{ size: 0 }]);
    expect(emulator.descriptors).toEqual([{ connection: 1, fd: 3, path, isWriter: true }]);
    expect((await client.call('dataObjClose', on(fd))).code).toBe(0);
    expect(emulator.replicas(path)).toMatchObject([{ status: 1, size: 5, bytes: Buffer.from('hello') }]);
    expect(emulator.tokens).toEqual([]);
  });

  it('refuses everybody else, each operation with its code', async () => {
    const writer = await login();
    await open(writer, writeNew);
    const other = await login();
    expect(await open(other, openFlags.readOnly)).toBe(-1_803_000);
    expect(await open(other, openFlags.writeOnly)).toBe(-1_803_000);
    expect(await open(other, openFlags.writeOnly, { resc_hier: 'one' })).toBe(-405_000);
    expect(await open(other, openFlags.writeOnly, { replicaToken: 'x', replNum: '0' })).toBe(-405_000);
    expect((await other.call('dataObjUnlink', about(path))).code).toBe(-1_803_000);
    expect((await other.call('dataObjUnlink', about(path, { conditions: { forceFlag: '' } }))).code).toBe(-406_000);
    expect((await other.call('dataObjChecksum', about(path))).code).toBe(-1_803_000);
    expect((await other.call('replicaTruncate', about(path, { dataSize: 1 }))).code).toBe(-1_803_000);
    const rename = { source: about(path, { oprType: 22 }), destination: about(`${path}2`, { oprType: 22 }) };
    expect((await other.call('dataObjRename', rename)).code).toBe(-406_000);
    expect((await other.call('touch', jsonBuffer({ logical_path: path }))).code).toBe(-166_000);
    expect(statuses()).toEqual([2]);
  });

  it('is lost to its writer when somebody renames it without a look at the lock', async () => {
    const writer = await login();
    const fd = await open(writer, writeNew);
    await write(writer, fd, 0, 'lost');
    const other = await login();
    const rename = { source: about(path, { oprType: 11 }), destination: about(`${path}2`, { oprType: 11 }) };
    expect((await other.call('dataObjRename', rename)).code).toBe(0);
    expect((await writer.call('dataObjClose', on(fd))).code).toBe(-516_002);
    expect(emulator.replicas(`${path}2`)).toMatchObject([{ status: 0 }]);
  });

  it('says when it is not as long as its creator announced, and is stale then', async () => {
    const client = await login();
    const { code: fd } = await client.call('dataObjOpen', about(path, { openFlags: writeNew, dataSize: 10 }));
    await write(client, fd, 0, 'short');
    expect((await client.call('dataObjClose', on(fd))).code).toBe(5);
    expect(statuses()).toEqual([0]);
  });
});

describe('several streams', () => {
  it('write with the token of the first one, which closes last', async () => {
    const [first, second] = [await login(), await login()];
    const primary = await replicaOpen(first, writeNew);
    expect(primary.token).toHaveLength(36);
    const token = { replicaToken: primary.token, resc_hier: primary.hierarchy };
    const fd = await open(second, openFlags.writeOnly, token);
    expect(emulator.tokens).toEqual([{ path, token: primary.token, connections: [1, 2] }]);
    await write(second, fd, 5, 'world');
    await write(first, primary.fd, 0, 'hello');
    expect((await second.call('replicaClose', jsonBuffer({ fd, ...secondaryClose }))).code).toBe(0);
    expect(statuses()).toEqual([2]);
    expect((await first.call('replicaClose', jsonBuffer({ fd: primary.fd }))).code).toBe(0);
    expect(emulator.replicas(path)).toMatchObject([{ status: 1, size: 10, bytes: Buffer.from('helloworld') }]);
    expect(emulator.tokens).toEqual([]);
  });

  it('lose a stream without a word: the close of the first one makes the object good', async () => {
    const [first, second] = [await login(), await login()];
    const primary = await replicaOpen(first, writeNew);
    const fd = await open(second, openFlags.writeOnly, { replicaToken: primary.token, replNum: '0' });
    await write(second, fd, 5, 'half');
    second.cut();
    await settled(() => expect(statuses()).toEqual([0]));
    await write(first, primary.fd, 0, 'hello');
    expect((await first.call('replicaClose', jsonBuffer({ fd: primary.fd }))).code).toBe(0);
    expect(statuses()).toEqual([1]);
    expect(emulator.stats.descriptorsLeftOpen).toBe(1);
  });

  it('leave the object locked for ever when the last close changes nothing of it', async () => {
    const client = await login();
    const { fd } = await replicaOpen(client, writeNew);
    expect((await client.call('replicaClose', jsonBuffer({ fd, ...secondaryClose }))).code).toBe(0);
    await client.disconnect();
    expect(statuses()).toEqual([2]);
    expect(emulator.locked).toEqual([path]);
    emulator.setReplicaStatus(path, 0, 1);
    expect(emulator.locked).toEqual([]);
  });

  it('keep the old checksum and time when the last to close has written nothing itself', async () => {
    emulator.createObject(path, Buffer.from('12345'));
    const [first, second] = [await login(), await login()];
    const { output } = await first.call('dataObjChecksum', about(path));
    const primary = await replicaOpen(first, openFlags.writeOnly);
    const fd = await open(second, openFlags.writeOnly, { replicaToken: primary.token, replNum: '0' });
    await write(second, fd, 0, 'other');
    await second.call('replicaClose', jsonBuffer({ fd, ...secondaryClose }));
    await first.call('replicaClose', jsonBuffer({ fd: primary.fd }));
    expect(emulator.replicas(path)).toMatchObject([
      { status: 1, checksum: output?.myStr, bytes: Buffer.from('other') },
    ]);
  });

  it('are blocked by somebody who reads with the token, until that connection ends', async () => {
    const [first, reader] = [await login(), await login()];
    const primary = await replicaOpen(first, writeNew);
    await write(first, primary.fd, 0, 'hello');
    const fd = await open(reader, openFlags.readOnly, { replicaToken: primary.token, replNum: '0' });
    expect((await reader.call('dataObjRead', on(fd, { len: 9 }))).bytes.toString()).toBe('hello');
    await reader.call('dataObjClose', on(fd));
    await first.call('dataObjClose', on(primary.fd));
    expect(await open(first, openFlags.writeOnly)).toBe(-154_000);
    await reader.disconnect();
    await settled(() => expect(emulator.tokens).toEqual([]));
    expect(await open(first, openFlags.writeOnly)).toBe(3);
  });
});

describe('a connection that ends', () => {
  it('leaves what it was writing stale, with the bytes that arrived', async () => {
    const client = await login();
    const fd = await open(client, writeNew);
    await write(client, fd, 0, 'partial');
    client.send({ type: frameType.disconnect });
    await client.ended();
    await settled(() => expect(emulator.replicas(path)).toMatchObject([{ status: 0, size: 7 }]));
    expect(emulator.stats.descriptorsLeftOpen).toBe(1);
    const reader = await login();
    const again = await open(reader, openFlags.readOnly);
    expect((await reader.call('dataObjRead', on(again, { len: 9 }))).bytes.toString()).toBe('partial');
  });

  it('stores nothing of a write that was cut inside', async () => {
    const client = await login();
    const fd = await open(client, writeNew);
    const body = Buffer.from('x'.repeat(100_000));
    emulator.faults.setPlan([{ operation: 'dataObjWrite', fault: { kind: 'drop', when: 'request' } }]);
    client.request('dataObjWrite', on(fd, { len: body.length }), body);
    await client.ended();
    await settled(() => expect(emulator.replicas(path)).toMatchObject([{ status: 0, size: 0 }]));
  });

  it('dies of a descriptor that is closed twice, and everything else stays locked', async () => {
    const client = await login();
    const { fd } = await replicaOpen(client, writeNew);
    await client.call('dataObjOpen', about(`${path}2`, { openFlags: writeNew }));
    expect((await client.call('replicaClose', jsonBuffer({ fd }))).code).toBe(0);
    client.request('replicaClose', jsonBuffer({ fd }));
    await client.ended();
    expect(statuses()).toEqual([1]);
    expect(emulator.locked).toEqual([`${path}2`]);
    expect(emulator.violations).toEqual(['connection 1: the agent died: a descriptor was closed twice']);
  });
});

describe('replicas', () => {
  it('are all locked by a write to one of them, and stale after it', async () => {
    emulator.createObject(path, Buffer.from('12345'), ['one', 'two']);
    const client = await login();
    const fd = await open(client, openFlags.writeOnly, { replNum: '1' });
    expect(statuses()).toEqual([4, 2]);
    expect(await open(await login(), openFlags.writeOnly | openFlags.create)).toBe(-406_000);
    await write(client, fd, 0, 'x');
    await client.call('dataObjClose', on(fd));
    expect(statuses()).toEqual([0, 1]);
  });

  it('are as before when nothing was written, and after a connection that ended', async () => {
    emulator.createObject(path, Buffer.from('12345'), ['one', 'two']);
    const client = await login();
    await client.call('dataObjClose', on(await open(client, openFlags.writeOnly)));
    expect(statuses()).toEqual([1, 1]);
    await open(client, openFlags.writeOnly);
    client.cut();
    await settled(() => expect(statuses()).toEqual([0, 1]));
  });

  it('are one more when an object is created where it has none', async () => {
    emulator.createObject(path, Buffer.from('12345'));
    const client = await login();
    const fd = await open(client, writeNew, { destRescName: 'two' });
    await write(client, fd, 0, 'new');
    await client.call('dataObjClose', on(fd));
    expect(emulator.replicas(path)).toMatchObject([
      { number: 0, hierarchy: 'one', status: 0 },
      { number: 1, hierarchy: 'two', status: 1, size: 3 },
    ]);
  });

  it('on a resource that is down are not used', async () => {
    emulator.createObject(path, Buffer.from('12345'), ['one', 'two']);
    emulator.setResource('one', 'down');
    const client = await login();
    expect(await open(client, openFlags.readOnly)).toBe(3);
    expect(await open(client, openFlags.readOnly, { replNum: '0' })).toBe(-105_000);
    emulator.setResource('two', 'down');
    expect(await open(client, openFlags.readOnly)).toBe(-1_803_000);
    expect((await client.call('dataObjOpen', about(`${path}2`, { openFlags: writeNew }))).code).toBe(-105_000);
    expect(await open(client, openFlags.readOnly, { replNum: '7' })).toBe(-164_000);
  });

  it('are told by a query', async () => {
    emulator.createObject(path, Buffer.from('12345'), ['one', 'two']);
    const client = await login();
    const columns = [column.DATA_REPL_NUM, column.DATA_REPL_STATUS, column.DATA_SIZE, column.DATA_RESC_HIER];
    const { output } = await client.call('genQuery', {
      maxRows: 256,
      continueInx: 0,
      partialStartIndex: 0,
      options: 0,
      keyValues: [],
      selects: columns.map((number) => [number, 1] as const),
      conditions: [
        [column.COLL_NAME, equalTo('/tempZone/home/rods')],
        [column.DATA_NAME, equalTo('a')],
      ],
    });
    const rows = output === undefined ? [] : rowsOf(output).map((row) => columns.map((number) => row.get(number)));
    expect(rows).toEqual([
      ['0', '1', '5', 'one'],
      ['1', '1', '5', 'two'],
    ]);
    const where = `COLL_NAME = '/tempZone/home/rods' and DATA_NAME = 'a'`;
    const text = `select DATA_REPL_NUM where ${where} order by DATA_REPL_NUM desc`;
    const second = await client.call('genQuery2', { query_string: text, sql_only: 0, column_mappings: 0 });
    expect(second.output).toEqual({ myStr: '[["1"],["0"]]' });
    expect(apis.genQuery2.number).toBe(10_221);
  });
});
