import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { jsonBuffer, openFlags, parseJsonBuffer } from '@libconveyor/irods-protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';

const path = '/tempZone/home/rods/a';
let emulator: IrodsEmulator;
let client: RawClient;
beforeEach(async () => {
  emulator = await startIrodsEmulator({ descriptorsMax: 4 });
  emulator.createObject(path, Buffer.from('0123456789'));
  client = await RawClient.login(emulator.port);
});
afterEach(async () => {
  await emulator.close();
});

async function open(flags: number, of: string = path): Promise<number> {
  return (await client.call('dataObjOpen', about(of, { openFlags: flags }))).code;
}

async function read(fd: number, len: number): Promise<string> {
  return (await client.call('dataObjRead', on(fd, { len }))).bytes.toString();
}

async function write(fd: number, text: string): Promise<number> {
  return (await client.call('dataObjWrite', on(fd, { len: text.length }), Buffer.from(text))).code;
}

async function seek(fd: number, offset: number, whence = 0): Promise<number | undefined> {
  return (await client.call('dataObjSeek', on(fd, { offset, whence }))).output?.offset;
}

async function close(fd: number): Promise<number> {
  return (await client.call('dataObjClose', on(fd))).code;
}

describe('a descriptor', () => {
  it('is the lowest number that is free, up to a limit', async () => {
    expect([await open(0), await open(0), await open(0), await open(0)]).toEqual([3, 4, 5, 6]);
    expect(await open(0)).toBe(-510_024);
    await close(4);
    expect(await open(0)).toBe(4);
  });

  it('that is free or out of range is refused with the codes of each API', async () => {
    expect((await client.call('dataObjRead', on(9, { len: 1 }))).code).toBe(-345_000);
    expect((await client.call('dataObjRead', on(1026, { len: 1 }))).code).toBe(-19_000);
    expect(await close(9)).toBe(-130_000);
    expect(await close(2)).toBe(-19_000);
    expect((await client.call('replicaClose', jsonBuffer({ fd: 2 }))).code).toBe(-345_000);
  });

  it('is described, also one that is free; far out of range it kills the agent', async () => {
    const fd = await open(openFlags.writeOnly);
    const describe = async (number: number) => {
      const { output } = await client.call('descriptorInfo', jsonBuffer({ fd: number }));
      return parseJsonBuffer(output ?? { bytes: Buffer.alloc(0) });
    };
    const info = { object_path: path, replica_number: 0, replica_status: 2, resource_hierarchy: 'demoResc' };
    const [{ token } = { token: '' }] = emulator.tokens;
    expect(await describe(fd)).toMatchObject({ replica_token: token, open_type: 3, data_object_info: info });
    expect(await describe(9)).toMatchObject({ replica_token: null, data_object_info: null });
    client.request('descriptorInfo', jsonBuffer({ fd: 5000 }));
    await client.ended();
  });
});

describe('reading', () => {
  it('goes to the size that the catalog had at the open, and seeks are clamped there', async () => {
    const fd = await open(0);
    expect(await read(fd, 4)).toBe('0123');
    expect(await read(fd, 100)).toBe('456789');
    expect(await read(fd, 100)).toBe('');
    expect(await seek(fd, 50)).toBe(10);
    expect(await seek(fd, -3, 2)).toBe(7);
    expect(await seek(fd, 1, 1)).toBe(8);
    expect(await read(fd, 100)).toBe('89');
    expect(await seek(fd, -5)).toBe(-518_022);
    expect(await write(fd, 'x')).toBe(-513_009);
  });

  it('is refused to a writer, and blind in an object that was empty', async () => {
    expect((await client.call('dataObjRead', on(await open(1), { len: 1 }))).code).toBe(-512_009);
    const made = '/tempZone/home/rods/new';
    const [first, second] = [client, await RawClient.login(emulator.port)];
    const fd = await open(openFlags.readWrite | openFlags.create, made);
    const [{ token } = { token: '' }] = emulator.tokens.filter((one) => one.path === made);
    const conditions = { replicaToken: token, replNum: '0' };
    const { code: other } = await second.call('dataObjOpen', about(made, { openFlags: 1, conditions }));
    await second.call('dataObjWrite', on(other, { len: 3 }), Buffer.from('abc'));
    expect(await read(fd, 3)).toBe('');
    await first.call('dataObjWrite', on(fd, { len: 1 }), Buffer.from('A'));
    expect(await read(fd, 3)).toBe('bc');
  });
});

describe('writing', () => {
  it('leaves zeros where a seek went beyond the end', async () => {
    const fd = await open(openFlags.writeOnly);
    expect(await seek(fd, 12)).toBe(12);
    expect(await write(fd, 'x')).toBe(1);
    expect(await close(fd)).toBe(0);
    expect(emulator.replicas(path)[0]?.bytes.toString()).toBe('0123456789\0\0x');
  });

  it('goes to the end of what exists in append mode, wherever the position is', async () => {
    const fd = await open(openFlags.writeOnly | openFlags.append);
    await seek(fd, 2);
    await write(fd, 'x');
    await close(fd);
    expect(emulator.replicas(path)[0]?.bytes.toString()).toBe('0123456789x');
  });

  it('clears the checksum; an open and a close without a write keep it', async () => {
    await client.call('dataObjChecksum', about(path));
    const before = emulator.replicas(path)[0]?.checksum;
    await close(await open(openFlags.writeOnly));
    expect(emulator.replicas(path)).toMatchObject([{ status: 1, checksum: before }]);
    const fd = await open(openFlags.writeOnly);
    await write(fd, 'x');
    await close(fd);
    expect(emulator.replicas(path)).toMatchObject([{ status: 1, checksum: '' }]);
  });

  it('begins at nothing after a truncation, and a creation is not exclusive', async () => {
    const fd = await open(openFlags.writeOnly | openFlags.truncate);
    expect(emulator.replicas(path)).toMatchObject([{ status: 2, size: 0, bytes: Buffer.alloc(0) }]);
    await close(fd);
    emulator.createObject(`${path}2`, Buffer.from('old'));
    const { code } = await client.call('dataObjCreate', about(`${path}2`));
    await close(code);
    expect(emulator.replicas(`${path}2`)).toMatchObject([{ status: 1, size: 0 }]);
    expect(await open(openFlags.readOnly | openFlags.truncate)).toBe(-404_000);
    expect(await open(openFlags.writeOnly | openFlags.create | openFlags.exclusive)).toBe(-510_017);
  });
});
