import { type EmulatorFaultPlan, type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { jsonBuffer, openFlags } from '@libconveyor/irods-protocol';
import { ManualClock } from '@libconveyor/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { about, on, RawClient } from './raw-client.ts';
import { settled } from './settled.ts';

const path = '/tempZone/home/rods/a';
const writeNew = openFlags.writeOnly | openFlags.create | openFlags.truncate;

let emulator: IrodsEmulator;
beforeEach(async () => {
  emulator = await startIrodsEmulator();
  emulator.createObject(path, Buffer.from('0123456789'));
});
afterEach(async () => {
  await emulator.close();
});

async function struck(plan: EmulatorFaultPlan): Promise<RawClient> {
  const client = await RawClient.login(emulator.port);
  emulator.faults.setPlan(plan);
  return client;
}

async function writing(): Promise<{ client: RawClient; fd: number }> {
  const client = await RawClient.login(emulator.port);
  const { code } = await client.call('dataObjOpen', about(path, { openFlags: writeNew }));
  return { client, fd: code };
}

describe('a reply', () => {
  it('is an error, before or after execution', async () => {
    const fault = { kind: 'error', code: -110_000 } as const;
    const client = await struck([
      { operation: 'createCollection', nth: 1, fault },
      { operation: 'createCollection', nth: 2, fault: { ...fault, when: 'after' } },
    ]);
    const create = (name: string) =>
      client.call('createCollection', { collName: `/tempZone/home/rods/${name}`, flags: 0, oprType: 0, keyValues: [] });
    expect((await create('c')).code).toBe(-110_000);
    expect((await client.call('objStat', about('/tempZone/home/rods/c'))).code).toBe(-310_000);
    expect((await create('d')).code).toBe(-110_000);
    expect((await client.call('objStat', about('/tempZone/home/rods/d'))).code).toBe(2);
    expect(emulator.faults.injected).toHaveLength(2);
  });

  it('is held back until the release, in which the rest waits, too', async () => {
    const client = await struck([{ operation: 'objStat', times: 1, fault: { kind: 'silence' } }]);
    client.request('objStat', about(path));
    client.request('serverInfo', undefined);
    await emulator.faults.awaitSilent();
    emulator.faults.release();
    expect((await client.answer('objStat')).code).toBe(1);
    expect((await client.answer('serverInfo')).code).toBe(0);
  });

  it('that nobody waits for any more is over with its connection', async () => {
    const client = await struck([{ fault: { kind: 'silence', when: 'after' } }]);
    client.request('objStat', about(path));
    await emulator.faults.awaitSilent();
    client.cut();
    await settled(() => expect(emulator.stats.connectionsNow).toBe(0));
    expect(emulator.faults.silentCount).toBe(0);
  });
});

describe('a connection is cut', () => {
  it.each(['before', 'after'] as const)('%s the execution', async (when) => {
    const client = await struck([{ operation: 'dataObjUnlink', fault: { kind: 'drop', when } }]);
    client.request('dataObjUnlink', about(path, { conditions: { forceFlag: '' } }));
    await client.ended();
    expect(emulator.replicas(path)).toHaveLength(when === 'before' ? 1 : 0);
  });

  it('inside of a request, at a byte of its stream', async () => {
    const { client, fd } = await writing();
    emulator.faults.setPlan([
      { operation: 'dataObjWrite', nth: 2, fault: { kind: 'drop', when: 'request', bytes: 600_000 } },
    ]);
    const bytes = Buffer.alloc(1_000_000, 1);
    expect((await client.call('dataObjWrite', on(fd, { len: bytes.length }), bytes)).code).toBe(bytes.length);
    client.request('dataObjWrite', on(fd, { len: bytes.length }), bytes);
    await client.ended();
    await settled(() => expect(emulator.replicas(path)).toMatchObject([{ status: 0, size: bytes.length }]));
  });

  it('inside of a reply', async () => {
    const client = await struck([{ operation: 'dataObjRead', fault: { kind: 'drop', when: 'reply', bytes: 150 } }]);
    const { code: fd } = await client.call('dataObjOpen', about(path));
    client.request('dataObjRead', on(fd, { len: 10 }));
    await expect(client.receive()).rejects.toThrow('ended');
    await settled(() => expect(emulator.stats.descriptorsLeftOpen).toBe(1));
  });

  it.each(['connect', 'negotiation'] as const)('at %s', async (operation) => {
    emulator.faults.setPlan([{ operation, fault: { kind: 'drop' } }]);
    const start = RawClient.start(emulator.port, { negotiation: 'CS_NEG_USE_TCP' });
    await expect(start).rejects.toThrow('ended');
  });
});

describe('bytes', () => {
  it('are fewer than asked for, read and written', async () => {
    const { client, fd } = await writing();
    emulator.faults.setPlan([{ fault: { kind: 'short', bytes: 4 } }]);
    expect((await client.call('dataObjWrite', on(fd, { len: 10 }), Buffer.from('abcdefghij'))).code).toBe(4);
    await client.call('dataObjClose', on(fd));
    const { code: reader } = await client.call('dataObjOpen', about(path));
    expect((await client.call('dataObjRead', on(reader, { len: 3 }))).bytes.toString()).toBe('abc');
    expect((await client.call('dataObjRead', on(reader, { len: 9 }))).bytes.toString()).toBe('d');
    expect((await client.call('dataObjRead', on(reader, { len: 9 }))).code).toBe(0);
  });

  it('are wrong by a bit, read or written', async () => {
    const { client, fd } = await writing();
    emulator.faults.setPlan([{ fault: { kind: 'corrupt' } }]);
    await client.call('dataObjWrite', on(fd, { len: 3 }), Buffer.from('abc'));
    await client.call('dataObjClose', on(fd));
    expect(emulator.replicas(path)[0]?.bytes.toString()).toBe('acc');
    const { code: reader } = await client.call('dataObjOpen', about(path));
    expect((await client.call('dataObjRead', on(reader, { len: 3 }))).bytes.toString()).toBe('abc');
    expect(emulator.replicas(path)[0]?.bytes.toString()).toBe('acc');
  });

  it('find no room, by a plan and by a limit; nothing of them is written', async () => {
    const { client, fd } = await writing();
    emulator.faults.setPlan([{ operation: 'dataObjWrite', times: 1, fault: { kind: 'full-disk' } }]);
    const write = (text: string) => client.call('dataObjWrite', on(fd, { len: text.length }), Buffer.from(text));
    expect((await write('abc')).code).toBe(-513_028);
    expect((await write('abc')).code).toBe(3);
    emulator.setLimits({ capacityBytes: 5 });
    expect((await write('def')).code).toBe(-513_028);
    expect((await write('de')).code).toBe(2);
    emulator.setLimits({ quotaBytes: 5 });
    const { code } = await client.call('dataObjOpen', about(`${path}2`, { openFlags: writeNew }));
    expect(code).toBe(-110_000);
  });
});

describe('somebody else', () => {
  it('locks an object, or makes it stale', async () => {
    const client = await struck([
      { operation: 'dataObjOpen', nth: 1, fault: { kind: 'stale' } },
      { operation: 'dataObjOpen', nth: 2, path, fault: { kind: 'locked' } },
    ]);
    const { code: fd } = await client.call('dataObjOpen', about(path));
    expect(emulator.replicas(path)).toMatchObject([{ status: 0 }]);
    await client.call('dataObjClose', on(fd));
    expect((await client.call('dataObjOpen', about(path, { openFlags: 1 }))).code).toBe(-1_803_000);
  });

  it('makes a token expire', async () => {
    const { client } = await writing();
    const [known] = emulator.tokens;
    emulator.faults.setPlan([{ operation: 'replicaOpen', fault: { kind: 'expire-token' } }]);
    const conditions = { replicaToken: known?.token ?? '', replNum: '0' };
    expect((await client.call('replicaOpen', about(path, { openFlags: 1, conditions }))).code).toBe(-405_000);
  });
});

describe('a plan', () => {
  it.each([
    [[{ fault: { kind: 'nonsense' } }], 'plan[0].fault.kind'],
    [[{ operation: 'objStat', fault: { kind: 'short', bytes: 1 } }], 'plan[0].fault.kind'],
    [[{ operation: 'nothing', fault: { kind: 'stale' } }], 'plan[0].operation'],
    [[{ path, fault: { kind: 'drop', when: 'request' } }], 'plan[0].path'],
    [[{ fault: { kind: 'error', code: 5 } }], 'plan[0].fault.code'],
    [[{ nth: 0, fault: { kind: 'stale' } }], 'plan[0].nth'],
    [[{ probability: 2, fault: { kind: 'stale' } }], 'plan[0].probability'],
    [[{ fault: { kind: 'stale' }, extra: 1 }], 'extra'],
  ])('that makes no sense is refused: %j', (plan, place) => {
    expect(() => emulator.faults.setPlan(plan as never)).toThrow(place);
  });

  it('strikes the same requests again with the same seed', async () => {
    const faultPlan: EmulatorFaultPlan = [
      { operation: 'objStat', probability: 0.5, fault: { kind: 'error', code: -1000 } },
    ];
    const codes = async (seed: number): Promise<number[]> => {
      await using one = await startIrodsEmulator({ faultPlan, seed });
      const client = await RawClient.login(one.port);
      const seen: number[] = [];
      for (let count = 0; count < 20; count++) seen.push((await client.call('objStat', about('/tempZone'))).code);
      return seen;
    };
    expect(await codes(1)).toEqual(await codes(1));
    expect(await codes(1)).not.toEqual(await codes(2));
  });
});

describe('distance', () => {
  it('lets replies wait, and requests in flight wait together', async () => {
    const clock = new ManualClock();
    const faultPlan: EmulatorFaultPlan = [{ operation: 'objStat', fault: { kind: 'latency', latencyMs: 40 } }];
    await using far = await startIrodsEmulator({ clock, faultPlan });
    const client = await RawClient.login(far.port);
    for (let count = 0; count < 20; count++) client.request('objStat', about('/tempZone'));
    let answered = 0;
    const all = (async () => {
      for (; answered < 20; answered++) expect((await client.answer('objStat')).code).toBe(2);
    })();
    // All of them are executed while the first reply waits.
    await settled(() => expect(far.stats.byApi.objStat).toBe(20));
    expect(clock.timersPending).toBe(1);
    await clock.advanceAndSettle(39);
    expect(answered).toBe(0);
    clock.advance(1);
    await all;
  });

  it('carries bytes no faster than the line, both ways', async () => {
    let nowMs = 0;
    const sleep = async (delayMs: number): Promise<void> => {
      nowMs += delayMs;
    };
    await using slow = await startIrodsEmulator({ bandwidth: '10MB', clock: { nowMs: () => nowMs, sleep } });
    const client = await RawClient.login(slow.port);
    const opened = about(path, { openFlags: openFlags.readWrite | openFlags.create });
    const { code: fd } = await client.call('dataObjOpen', opened);
    const bytes = Buffer.alloc(1_000_000, 1);
    const begin = nowMs;
    await client.call('dataObjWrite', on(fd, { len: bytes.length }), bytes);
    const half = nowMs;
    await client.call('dataObjSeek', on(fd));
    const { bytes: read } = await client.call('dataObjRead', on(fd, { len: bytes.length }));
    expect(read.equals(bytes)).toBe(true);
    expect(half - begin).toBeGreaterThanOrEqual(95);
    expect(half - begin).toBeLessThanOrEqual(105);
    expect(nowMs - half).toBeGreaterThanOrEqual(95);
    expect(nowMs - half).toBeLessThanOrEqual(105);
  });
});

it('tells what a connection did', async () => {
  const client = await struck([]);
  await client.call('touch', jsonBuffer({ logical_path: `${path}3`, options: {} }));
  await client.call('dataObjOpen', about('/tempZone/none'));
  expect(emulator.stats).toMatchObject({
    byApi: { touch: 1, dataObjOpen: 1, authentication: 2 },
    byError: { [-358_000]: 1 },
    connections: 1,
    connectionsNow: 1,
  });
  emulator.resetStats();
  expect(emulator.stats).toMatchObject({ requests: 0, byApi: {}, connectionsNow: 1 });
});
