import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type AdminServer, EventLog, findAdminSockets, HandleRegistry, serveAdmin } from '@libconveyor/observability';
import { withTempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { ask, messages, send } from './admin-client.ts';
import { FakeSource } from './sources.ts';

interface Site {
  readonly directory: string;
  readonly server: AdminServer;
  readonly registry: HandleRegistry;
  readonly events: EventLog;
  readonly path: string;
}

async function withSite(body: (site: Site) => Promise<void>, clientsMax = 16): Promise<void> {
  await withTempDir(async (temporary) => {
    const directory = join(temporary, 'conveyor');
    const registry = new HandleRegistry();
    const events = new EventLog({ capacity: 50_000 });
    await using server = await serveAdmin({ directory, registry, events, clientsMax });
    await body({ directory, server, registry, events, path: server.path });
  });
}

describe('the admin endpoint', () => {
  test('V5: is there for its own user alone, and found', async () => {
    await withSite(async ({ directory, path }) => {
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(await findAdminSockets(directory)).toEqual([path]);
      writeFileSync(join(directory, '1.sock'), '');
      expect(await findAdminSockets(directory)).toEqual([path]);
      await expect(serveAdmin({ directory })).rejects.toMatchObject({ code: 'EADDRINUSE' });
      expect(await findAdminSockets(join(directory, 'nowhere'))).toEqual([]);
    });
  });

  test('V5: a directory that others may enter, or a link, is refused', async () => {
    await withTempDir(async (temporary) => {
      const open = join(temporary, 'open');
      mkdirSync(open);
      chmodSync(open, 0o755);
      await expect(serveAdmin({ directory: open })).rejects.toMatchObject({ code: 'EACCES' });
      const link = join(temporary, 'link');
      const target = join(temporary, 'target');
      mkdirSync(target, { mode: 0o700 });
      symlinkSync(target, link);
      await expect(serveAdmin({ directory: link })).rejects.toMatchObject({ code: 'ENOTDIR' });
      await expect(serveAdmin({ clientsMax: 0 })).rejects.toThrow(RangeError);
    });
  });

  test('a socket that a dead process left is replaced', async () => {
    await withTempDir(async (temporary) => {
      const directory = join(temporary, 'conveyor');
      const first = await serveAdmin({ directory });
      await first.close();
      writeFileSync(first.path, '');
      await using second = await serveAdmin({ directory });
      expect((await ask(second.path, '/v1/process')).status).toBe(200);
    });
  });

  test('shows the process, handles, totals and events', async () => {
    await withSite(async ({ path, registry, events }) => {
      const source = new FakeSource({ writes: 4, dirtyBytes: 9 }, { path: '/x', scheme: 's3' });
      Object.assign(source.latencies, { backendWrite: [3, 5] });
      source.failure = Object.assign(new Error('no space'), { code: 'ENOSPC', offset: 7 });
      const other = new FakeSource({ reads: 1 });
      const id = registry.add(source);
      registry.add(other);
      events.record('info', 'open', { handle: id });
      expect(await ask(path, '/v1/process')).toMatchObject({
        status: 200,
        body: { version: 1, pid: process.pid, handles: 2 },
      });
      const listed = await ask(path, '/v1/handles');
      expect(listed.body).toMatchObject({
        more: false,
        handles: [{ id, path: '/x', scheme: 's3', values: { writes: 4 } }, {}],
      });
      const page = await ask(path, '/v1/handles?limit=1');
      expect(page.body).toMatchObject({ more: true, next: id });
      expect((await ask(path, `/v1/handles?after=${id}`)).body).toMatchObject({ handles: [{ values: { reads: 1 } }] });
      const latencies = { backendWrite: { count: 2, maxNs: 5, meanNs: 4 }, appRead: { count: 0 } };
      const error = { code: 'ENOSPC', offset: 7, message: 'no space' };
      expect((await ask(path, `/v1/handles/${id}`)).body).toMatchObject({
        id,
        latencies,
        error,
        values: { dirtyBytes: 9 },
      });
      const totals = { open: 2, values: { writes: 4, reads: 1 }, schemes: { s3: { latencies } } };
      expect((await ask(path, '/v1/totals')).body).toMatchObject(totals);
      expect((await ask(path, '/v1/events')).body).toMatchObject({
        dropped: 0,
        events: [{ name: 'open', handle: id }],
      });
      expect((await ask(path, '/v1/events?after=1')).body).toMatchObject({ events: [] });
    });
  });

  test('controls need their confirmation, act, and are events', async () => {
    await withSite(async ({ path, registry, events }) => {
      const source = new FakeSource();
      const id = registry.add(source);
      expect((await ask(path, `/v1/handles/${id}/flush`, {})).status).toBe(428);
      expect((await ask(path, `/v1/handles/${id}/flush`, { confirm: 'clear-error' })).status).toBe(428);
      expect((await ask(path, `/v1/handles/${id}/flush`, null)).status).toBe(428);
      expect([source.flushed, events.recorded]).toEqual([0, 0]);
      source.failure = Object.assign(new Error('broken'), { code: 'EIO' });
      const failed = { status: 409, body: { error: 'failed', cause: { code: 'EIO' } } };
      expect(await ask(path, `/v1/handles/${id}/flush`, { confirm: 'flush' })).toMatchObject(failed);
      const cleared = await ask(path, `/v1/handles/${id}/clear-error`, { confirm: 'clear-error' });
      expect(cleared).toMatchObject({ status: 200, body: { version: 1, done: 'clear-error' } });
      expect((await ask(path, `/v1/handles/${id}/flush`, { confirm: 'flush' })).status).toBe(200);
      expect([source.flushed, source.cleared]).toEqual([2, 1]);
      expect(events.since().events.map(({ name, action }) => `${name} ${action}`)).toEqual([
        'control flush',
        'control clear-error',
        'control flush',
      ]);
      const unsupported = await ask(path, `/v1/handles/${id}/resize`, { confirm: 'resize' });
      expect(unsupported).toMatchObject({ status: 501, body: { error: 'not-supported' } });
      expect((await ask(path, '/v1/handles/77/flush', { confirm: 'flush' })).status).toBe(404);
    });
  });

  test.each([
    ['/', 404],
    ['/v1', 404],
    ['/v2/process', 404],
    ['/v1/process/1', 404],
    ['/v1/../../etc/passwd', 404],
    ['//evil/v1/process', 400],
    ['/v1/handles/1', 404],
    ['/v1/handles/NaN', 404],
    ['/v1/handles/1/flush', 404],
    ['/v1/handles?limit=1001', 400],
    ['/v1/handles?after=-1', 400],
    ['/v1/events?after=x', 400],
    ['/v1/stream?intervalMs=1', 400],
    ['/v1/stream?level=loud', 400],
  ])('V5: GET %s is refused with %i', async (path, status) => {
    await withSite(async (site) => {
      expect(await ask(site.path, path)).toMatchObject({ status, body: { version: 1 } });
    });
  });

  test('V5: bodies and heads are bounded, malformed ones refused', async () => {
    await withSite(async ({ path, registry }) => {
      registry.add(new FakeSource());
      expect((await ask(path, '/v1/handles/1/flush', '{"confirm":')).status).toBe(400);
      expect((await ask(path, '/v1/handles/1/flush', `"${'x'.repeat(1_000_000)}"`)).status).toBe(413);
      expect((await ask(path, '/v1/handles/1/erase', { confirm: 'erase' })).status).toBe(404);
      expect((await ask(path, '/v1/process', undefined, 'DELETE')).status).toBe(405);
      expect((await send(path, `/v1/process?${'x'.repeat(20_000)}`)).statusCode).toBe(431);
      const raw = connect(path);
      raw.end('nonsense\r\n\r\n');
      expect(String((await once(raw, 'data'))[0])).toContain('400 Bad Request');
      expect((await ask(path, '/v1/process')).status).toBe(200);
    });
  });

  test('V5: clients beyond the bound are turned away', async () => {
    await withSite(async ({ path }) => {
      const idle = Array.from({ length: 4 }, () => connect(path));
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      const more = connect(path);
      more.on('error', () => undefined);
      await once(more, 'close');
      for (const socket of idle) socket.destroy();
      await Promise.all(idle.map((socket: Socket) => once(socket, 'close')));
      let answer = await ask(path, '/v1/process').catch(() => undefined);
      while (answer === undefined) answer = await ask(path, '/v1/process').catch(() => undefined);
      expect(answer.status).toBe(200);
    }, 4);
  });

  test('a stream has windows and events', async () => {
    await withSite(async ({ path, registry, events }) => {
      const source = new FakeSource({ writes: 1 });
      registry.add(source);
      const response = await send(path, '/v1/stream?intervalMs=200&level=warn');
      const stream = messages(response);
      expect((await stream.next()).value).toMatchObject({ name: 'hello', data: { version: 1, intervalMs: 200 } });
      events.record('info', 'open', {});
      events.record('error', 'error', { code: 'EIO' });
      expect((await stream.next()).value).toMatchObject({
        name: 'log',
        data: { name: 'error', code: 'EIO', dropped: 0 },
      });
      source.numbers.writes = 6;
      let writes = 0;
      for await (const { name, data } of stream) {
        expect(name).toBe('window');
        writes += data.writes as number;
        if (writes >= 5) break;
      }
      expect(writes).toBe(5);
    });
  });

  test('V5: who does not read loses messages, then the connection, and delays nobody', {
    timeout: 30_000,
  }, async () => {
    await withSite(async ({ path, registry, events }) => {
      registry.add(new FakeSource());
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.write('GET /v1/stream?intervalMs=200 HTTP/1.1\r\nHost: a\r\n\r\n');
      socket.pause();
      const slow = messages(await send(path, '/v1/stream?intervalMs=60000'));
      await slow.next();
      for (let count = 0; count < 20_000; count++) events.record('info', 'open', { detail: 'x'.repeat(100) });
      expect(events.recorded).toBe(20_000);
      expect((await ask(path, '/v1/process')).status).toBe(200);
      // A socket that is not read hears of its end when it writes.
      while (!socket.destroyed) {
        socket.write('\r\n');
        await new Promise((resolve) => setImmediate(resolve));
      }
      let dropped = 0;
      events.record('info', 'close', {});
      for await (const { data } of slow) {
        dropped = data.dropped as number;
        if (dropped > 0) break;
        events.record('info', 'close', {});
      }
      expect(dropped).toBeGreaterThan(1000);
    });
  });
});

test('a server that is no admin endpoint is only listed while it listens', async () => {
  await withTempDir(async (directory) => {
    const server = createServer().listen(join(directory, '7.sock'));
    await once(server, 'listening');
    expect(await findAdminSockets(directory)).toHaveLength(1);
    server.close();
    await once(server, 'close');
    expect(await findAdminSockets(directory)).toEqual([]);
  });
});
