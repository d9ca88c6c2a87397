import { startIrodsEmulator } from '@libconveyor/irods-emulator';
import {
  frameType,
  jsonBuffer,
  nativeDigest,
  nativePacking,
  pamContext,
  parseJsonBuffer,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';
import { authority, certificate } from './certificates.ts';
import { about, RawClient } from './raw-client.ts';

const users = [{ name: 'alice', password: 'secret', pamPassword: 'pam-secret' }];

describe('a login', () => {
  it('is refused with a wrong password, and nothing else is served then', async () => {
    await using emulator = await startIrodsEmulator({ users });
    const { client } = await RawClient.start(emulator.port, { user: 'alice' });
    expect((await client.call('objStat', about('/tempZone'))).code).toBe(-13_000);
    expect((await client.logIn('alice', 'wrong')).code).toBe(-826_000);
    expect((await client.call('objStat', about('/tempZone'))).code).toBe(-13_000);
    expect((await client.call('serverInfo', undefined)).output).toMatchObject({ relVersion: 'rods5.0.2' });
    expect((await client.logIn('alice', 'secret')).code).toBe(0);
    expect((await client.call('objStat', about('/tempZone'))).code).toBe(2);
    expect((await client.logIn('bob', 'secret')).code).toBe(-827_000);
  });

  it('takes every challenge once', async () => {
    await using emulator = await startIrodsEmulator({ users });
    const { client } = await RawClient.start(emulator.port, { user: 'alice' });
    const asked = await client.call('authRequest', undefined);
    expect(asked.messages).toHaveLength(1);
    const response = nativeDigest(asked.output?.challenge ?? '', 'secret');
    expect((await client.call('authResponse', { response, username: 'alice' })).code).toBe(0);
    expect((await client.call('authResponse', { response, username: 'alice' })).code).toBe(-826_000);
  });

  it('works with native packing, and for an anonymous user', async () => {
    await using emulator = await startIrodsEmulator({ users: [{ name: 'anonymous', password: '' }] });
    const client = await RawClient.login(emulator.port, 'anonymous', '', { packing: nativePacking });
    expect((await client.call('objStat', about('/tempZone/home/anonymous'))).code).toBe(2);
  });

  it('of an unknown zone fails at once before 5.0, and at its end since', async () => {
    await using old = await startIrodsEmulator({ users, version: '4.3.5' });
    expect((await RawClient.start(old.port, { zone: 'other' })).version.status).toBe(-26_000);
    expect((await RawClient.start(old.port, { apiVersion: 'e' })).version.status).toBe(-348_000);
    await using emulator = await startIrodsEmulator({ users });
    const { client, version } = await RawClient.start(emulator.port, { zone: 'other', user: 'alice' });
    expect(version.status).toBe(0);
    expect((await client.logIn('alice', 'secret', 'other')).code).toBe(-827_000);
  });

  it('is too many', async () => {
    await using emulator = await startIrodsEmulator({ users, connectionsMax: 1 });
    await RawClient.login(emulator.port, 'alice', 'secret');
    expect((await RawClient.start(emulator.port)).version.status).toBe(-824_000);
  });
});

describe('TLS', () => {
  it('is negotiated, and PAM gives a password inside of it', async () => {
    await using emulator = await startIrodsEmulator({ users, tls: certificate });
    const start = { user: 'alice', negotiation: 'CS_NEG_USE_SSL', ca: authority } as const;
    const { client } = await RawClient.start(emulator.port, start);
    const step = { scheme: 'pam_password', user_name: 'alice', zone_name: 'tempZone', a_ttl: '0' };
    const ask = (a_pw: string) =>
      client.call('authentication', jsonBuffer({ ...step, a_pw, next_operation: 'auth_agent_auth_request' }));
    expect((await ask('wrong')).code).toBe(-993_000);
    const { output } = await ask('pam-secret');
    const { request_result } = parseJsonBuffer(output ?? { bytes: Buffer.alloc(0) }) as { request_result: string };
    expect((await client.logIn('alice', request_result)).code).toBe(0);
    emulator.users.expirePamPasswords();
    expect((await client.logIn('alice', request_result)).code).toBe(-840_000);
    const context = { auth_scheme_: 'pam', context_: pamContext('alice', 'pam-secret') };
    expect((await client.call('authPlugRequest', context)).code).toBe(0);
    expect(emulator.violations).toEqual([]);
  });

  it('is what PAM needs', async () => {
    await using emulator = await startIrodsEmulator({ users });
    const { client } = await RawClient.start(emulator.port, { user: 'alice' });
    const step = {
      scheme: 'pam_password',
      user_name: 'alice',
      a_pw: 'pam-secret',
      next_operation: 'auth_agent_auth_request',
    };
    expect((await client.call('authentication', jsonBuffer(step))).code).toBe(-169_000);
    expect((await client.call('authentication', jsonBuffer({ ...step, scheme: 'x' }))).code).toBe(-1_827_000);
  });

  it('is required, or refused', async () => {
    await using emulator = await startIrodsEmulator({ tls: certificate, policy: 'CS_NEG_REQUIRE' });
    const status = async (start: object): Promise<number> =>
      (await RawClient.start(emulator.port, start)).version.status;
    expect(await status({})).toBe(-130_000);
    expect(await status({ negotiation: 'CS_NEG_USE_TCP' })).toBe(-1_825_000);
    expect(await status({ negotiation: 'CS_NEG_FAILURE' })).toBe(-1_825_000);
    expect(await status({ negotiation: 'CS_NEG_USE_SSL', ca: authority })).toBe(0);
    await using plain = await startIrodsEmulator();
    const { version } = await RawClient.start(plain.port, { negotiation: 'CS_NEG_USE_TCP' });
    expect(version.status).toBe(0);
  });

  it('may begin later, by a request', async () => {
    await using emulator = await startIrodsEmulator({ users, tls: certificate });
    const { client } = await RawClient.start(emulator.port, { user: 'alice' });
    expect((await client.call('sslStart', { arg0: '' })).code).toBe(0);
    await client.startTls(authority);
    expect((await client.logIn('alice', 'secret')).code).toBe(0);
  });
});

describe('what is no protocol', () => {
  it('is an end of the connection, and noted', async () => {
    await using emulator = await startIrodsEmulator();
    const client = await RawClient.connect(emulator.port);
    client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await client.ended();
    expect(emulator.violations).toHaveLength(1);
  });

  it('is unknown to servers in two ways', async () => {
    await using old = await startIrodsEmulator({ version: '4.2.12' });
    const { client } = await RawClient.start(old.port);
    client.send({ type: frameType.request, intInfo: 110_000, body: Buffer.from('x') });
    expect((await client.receive()).intInfo).toBe(-12_000);
    await using emulator = await startIrodsEmulator();
    const silent = await RawClient.login(emulator.port);
    silent.send({ type: frameType.request, intInfo: 682 });
    silent.request('serverInfo', undefined);
    // No reply to the first one: the next reply is that of the second.
    expect((await silent.answer('serverInfo')).output).toMatchObject({ rodsZone: 'tempZone' });
    expect(emulator.violations).toEqual(['connection 1: API 682 is unknown here']);
  });

  it('is a message with elements in another order, or with bytes too many', async () => {
    await using emulator = await startIrodsEmulator();
    const client = await RawClient.login(emulator.port);
    client.send({ type: frameType.request, intInfo: 633, body: Buffer.from('<DataObjInp_PI></DataObjInp_PI>') });
    expect((await client.receive()).intInfo).toBe(-15_000);
    client.send({ type: frameType.request, intInfo: 700, body: Buffer.from('x') });
    expect((await client.receive()).intInfo).toBe(-14_000);
    expect(emulator.violations).toHaveLength(2);
  });

  it('is answered a heartbeat without a frame', async () => {
    await using emulator = await startIrodsEmulator();
    const client = await RawClient.connect(emulator.port);
    client.send({ type: frameType.heartbeat });
    expect((await client.receiveRaw(9)).toString()).toBe('HEARTBEAT');
    await client.ended();
  });
});
