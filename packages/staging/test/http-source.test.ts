import { once } from 'node:events';
import { ManualClock, Prng, SyncPoint, type TempDir, tempDir, withDeadline } from '@libconveyor/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpSource, type StagedFile, StagingManager, stage } from '../src/index.ts';
import { type Exchange, ScriptedServer, type Serving, serve, servePart } from './scripted-server.ts';
import { expectBytes, readBytes } from './scripted-source.ts';

const mebi = 1024 ** 2;
const content = new Prng(7n).bytes(4 * mebi);
const tagged: Serving = { etag: '"one"' };
let dir: TempDir;

beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.remove());

/** Stages a URL with no pauses between attempts. */
function open(server: ScriptedServer, options: object = {}): Promise<StagedFile> {
  return stage(httpSource(server.url), { dir: dir.path, backOffMs: 0, attemptsMax: 3, ...options });
}

async function expectWhole(file: StagedFile): Promise<void> {
  expectBytes(await readBytes(file, 0, 5 * mebi, 'all of it'), content);
  await withDeadline(file.whenComplete(), 'completion');
}

/** Sends the begin of a whole body and then breaks the connection. */
function breakAt(count: number, headers: Record<string, string | number>, { response }: Exchange): void {
  response.writeHead(200, { 'content-length': content.byteLength, ...headers });
  response.write(content.subarray(0, count), () => response.destroy());
}

test('T1: a URL is read while it comes; identity is asked for', async () => {
  await using server = await ScriptedServer.start((exchange) => {
    expect(exchange.request.headers['accept-encoding']).toBe('identity');
    serve(content, tagged, exchange);
  });
  await using file = await open(server);
  expect(await withDeadline(file.whenSized(), 'the size')).toBe(content.byteLength);
  await expectWhole(file);
  expect(server.requests).toEqual([{ range: undefined, ifRange: undefined }]);
});

test('T2: a read far ahead is a range request with If-Range', async () => {
  const front = new SyncPoint('the front');
  await using server = await ScriptedServer.start((exchange) => {
    if (exchange.index > 0) return serve(content, tagged, exchange);
    exchange.response.writeHead(200, { 'content-length': content.byteLength, etag: '"one"' });
    exchange.response.write(content.subarray(0, mebi));
    void front.pass('the server').then(() => exchange.response.end(content.subarray(mebi)));
  });
  await using file = await open(server, { reachBytes: mebi, rangeBytes: 1000 });
  await front.awaitArrivals(1);
  expectBytes(await readBytes(file, 3 * mebi, 10), Buffer.from(content.subarray(3 * mebi, 3 * mebi + 10)));
  expect(server.requests[1]).toEqual({ range: `bytes=${3 * mebi}-${3 * mebi + 999}`, ifRange: '"one"' });
  front.open();
  await expectWhole(file);
});

test('T5: a body that breaks off is gone on with, by If-Range, with ETag or date', async () => {
  const date = 'Sat, 21 Nov 2026 10:00:00 GMT';
  for (const serving of [tagged, { modified: date }] as Serving[]) {
    await using server = await ScriptedServer.start((exchange) => {
      const { etag, modified } = serving;
      const headers = { ...(etag && { etag }), ...(modified && { 'last-modified': modified }) };
      if (exchange.index === 0) breakAt(mebi, headers, exchange);
      else serve(content, serving, exchange);
    });
    await using file = await open(server);
    await expectWhole(file);
    expect(server.requests[1]?.ifRange).toBe(serving.etag ?? date);
    expect(Number(/^bytes=(\d+)-$/.exec(server.requests[1]?.range ?? '')?.[1])).toBeGreaterThan(0);
  }
});

test('T5: an ETag that is weak is compared, and not sent', async () => {
  let etag = 'W/"one"';
  await using server = await ScriptedServer.start((exchange) => {
    if (exchange.index % 2 === 0) breakAt(mebi, { etag }, exchange);
    else serve(content, { etag }, exchange);
  });
  {
    await using file = await open(server);
    await expectWhole(file);
    expect(server.requests[1]?.ifRange).toBeUndefined();
  }
  await using file = await open(server);
  await expect(readBytes(file, 0, 1)).resolves.toHaveLength(1);
  etag = 'W/"other"';
  await expect(readBytes(file, 2 * mebi, 10)).rejects.toMatchObject({ code: 'ESTALE' });
});

test('T5: a resource that changes between two requests is ESTALE, whatever the server answers with', async () => {
  const other = new Prng(8n).bytes(content.byteLength);
  const answers: ((exchange: Exchange) => void)[] = [
    (exchange) => serve(other, { etag: '"other"' }, exchange), // 200, because of If-Range
    ({ range, response }) => servePart(other, range?.begin ?? 0, content.byteLength, { etag: '"other"' }, response),
    ({ response }) => response.writeHead(416, { 'content-range': 'bytes */10' }).end(),
    ({ response }) => response.writeHead(412).end(),
    (exchange) => serve(other.subarray(0, 3 * mebi), {}, exchange), // only the size tells
  ];
  for (const answer of answers) {
    await using server = await ScriptedServer.start((exchange) => {
      if (exchange.index === 0) breakAt(mebi, { etag: '"one"' }, exchange);
      else answer(exchange);
    });
    await using file = await open(server);
    await expect(readBytes(file, 2 * mebi, 10)).rejects.toMatchObject({ code: 'ESTALE', kind: 'changed' });
    const { bytes } = file.progress;
    expectBytes(await readBytes(file, 0, bytes), content.subarray(0, bytes));
  }
});

test('lesson_31: a server that answers a range with 200 and the whole body: right bytes, in the end', async () => {
  for (const ranges of ['bytes', 'none', undefined]) {
    const front = new SyncPoint('the front');
    await using server = await ScriptedServer.start(({ index, response }) => {
      const headers = { 'content-length': content.byteLength, ...(ranges && { 'accept-ranges': ranges }) };
      response.writeHead(200, headers);
      if (index > 0) return response.end(content);
      response.write(content.subarray(0, mebi));
      return void front.pass('the server').then(() => response.end(content.subarray(mebi)));
    });
    await using file = await open(server, { reachBytes: 0 });
    await front.awaitArrivals(1);
    const far = readBytes(file, 3 * mebi, 1000, 'the far reader');
    const farther = readBytes(file, 3.5 * mebi, 1000, 'the farther reader');
    front.open();
    expectBytes(await far, Buffer.from(content.subarray(3 * mebi, 3 * mebi + 1000)));
    expectBytes(await farther, Buffer.from(content.subarray(3.5 * mebi, 3.5 * mebi + 1000)));
    await expectWhole(file);
    // It was asked once for each reader at most, and not at all where it says so.
    expect(server.requests.length).toBeLessThanOrEqual(ranges === 'none' ? 1 : 3);
  }
});

test('lesson_31: without ranges, a body that breaks off begins anew and is compared', async () => {
  await using server = await ScriptedServer.start((exchange) => {
    if (exchange.index === 0) breakAt(2 * mebi, {}, exchange);
    else exchange.response.writeHead(200, { 'content-length': content.byteLength }).end(content);
  });
  await using file = await open(server);
  await expectWhole(file);
  expect(server.requests.length).toBeGreaterThan(1);
});

test('lesson_31: a short 206 is gone on behind, one without bytes is an error and no loop', async () => {
  let short = 100_000;
  await using server = await ScriptedServer.start((exchange) => {
    const { index, response, range } = exchange;
    const begin = range?.begin ?? 0;
    if (index === 0) breakAt(mebi, tagged as Record<string, string>, exchange);
    else if (short > 0) {
      const end = Math.min(begin + short, range?.end ?? content.byteLength, content.byteLength);
      servePart(content, begin, end, { etag: '"one"' }, response);
    } else response.writeHead(206, { 'content-range': `bytes ${begin}-${begin - 1}/${content.byteLength}` }).end();
  });
  {
    await using file = await open(server);
    await expectWhole(file);
    expect(server.requests.length).toBeGreaterThan(30);
  }
  short = 0;
  server.requests.length = 0;
  await using file = await open(server);
  await expect(readBytes(file, 2 * mebi, 10)).rejects.toMatchObject({ code: 'EPROTO' });
  expect(server.requests.length).toBeLessThanOrEqual(4);
});

test('lesson_31: a 206 with other bytes than asked for is refused', async () => {
  const ranges = ['bytes 0-9/*', `bytes 5-${content.byteLength - 1}/${content.byteLength}`, 'bytes', 'lines 1-2/3', ''];
  for (const range of ranges) {
    await using server = await ScriptedServer.start((exchange) => {
      if (exchange.index === 0) return breakAt(mebi, {}, exchange);
      const headers = range === '' ? {} : { 'content-range': range };
      return exchange.response.writeHead(206, headers).end(content.subarray(0, 10));
    });
    await using file = await open(server);
    await expect(readBytes(file, 2 * mebi, 10)).rejects.toMatchObject({ code: 'EPROTO' });
  }
});

test('lesson_29: a truncated body is an error, announced by length or in chunks', async () => {
  for (const headers of [{ 'content-length': content.byteLength }, {}]) {
    await using server = await ScriptedServer.start(({ response }) => {
      response.writeHead(200, headers);
      response.write(content.subarray(0, mebi), () => response.destroy());
    });
    await using file = await open(server);
    await expect(withDeadline(file.whenComplete(), 'the failure')).rejects.toMatchObject({
      code: 'ERR_CONVEYOR_TRUNCATED',
    });
    expect(file.state).toBe('failed');
    expect(server.requests.length).toBeGreaterThanOrEqual(2);
  }
});

test('lesson_29: more bytes than announced are not taken', async () => {
  const { createServer } = await import('node:net');
  const raw = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n');
      socket.end(content.subarray(0, 2000));
    });
  }).listen(0, '127.0.0.1');
  await once(raw, 'listening');
  const { port } = raw.address() as { port: number };
  await using file = await stage(httpSource(`http://127.0.0.1:${port}/`), { dir: dir.path, attemptsMax: 1 });
  expectBytes(await readBytes(file, 0, 5000), Buffer.from(content.subarray(0, 1000)));
  expect(file.progress.bytes).toBe(1000);
  raw.close();
});

test('T5: an encoded body is refused and not tried again', async () => {
  await using server = await ScriptedServer.start((exchange) =>
    serve(content, { headers: { 'content-encoding': 'gzip' } }, exchange),
  );
  await using file = await open(server);
  await expect(readBytes(file, 0, 1)).rejects.toMatchObject({ code: 'ENOTSUP', kind: 'unsupported' });
  expect(server.requests).toHaveLength(1);
});

test('T5: statuses are errors of their kind; those that pass are tried again', async () => {
  const statuses = { 401: 'EACCES', 403: 'EACCES', 404: 'ENOENT', 410: 'ENOENT', 418: 'EINVAL' };
  for (const [status, code] of Object.entries(statuses)) {
    await using server = await ScriptedServer.start(({ response }) => response.writeHead(Number(status)).end());
    await using file = await open(server);
    await expect(readBytes(file, 0, 1)).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(1);
  }
  const passing = { 408: 'ETIMEDOUT', 429: 'EAGAIN', 500: 'EIO', 502: 'EIO', 503: 'EAGAIN' };
  for (const [status, code] of Object.entries(passing)) {
    let left = 2;
    await using server = await ScriptedServer.start((exchange) => {
      if (left-- > 0) exchange.response.writeHead(Number(status)).end();
      else serve(content, tagged, exchange);
    });
    {
      await using file = await open(server);
      await expectWhole(file);
    }
    left = 3;
    await using file = await open(server);
    await expect(readBytes(file, 0, 1)).rejects.toMatchObject({ code });
  }
});

test('T5: redirects are followed, so far; secrets stay with their host', async () => {
  const seen: (string | undefined)[] = [];
  await using target = await ScriptedServer.start((exchange) => {
    seen.push(exchange.request.headers.authorization, exchange.request.headers['x-own'] as string);
    serve(content, tagged, exchange);
  });
  await using server = await ScriptedServer.start(({ request, response }) => {
    if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (request.url === '/away') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else if (request.url === '/file') response.writeHead(307, { location: '/next' }).end();
    else response.writeHead(302, { location: target.url }).end();
  });
  const headers = { authorization: 'secret', 'x-own': 'kept' };
  {
    await using file = await stage(httpSource(server.url, { headers }), { dir: dir.path });
    await expectWhole(file);
    expect(seen).toEqual([undefined, 'kept']);
  }
  for (const [path, code] of [
    ['/loop', 'ELOOP'],
    ['/away', 'EPROTO'],
  ] as const) {
    await using file = await stage(httpSource(new URL(path, server.url)), { dir: dir.path });
    await expect(readBytes(file, 0, 1)).rejects.toMatchObject({ code });
  }
});

test('T5: an empty resource, and a server that is not there', async () => {
  await using server = await ScriptedServer.start((exchange) => serve(new Uint8Array(0), {}, exchange));
  await using file = await open(server);
  expect(await readBytes(file, 0, 1)).toHaveLength(0);
  await withDeadline(file.whenComplete(), 'completion');
  const url = server.url;
  await server[Symbol.asyncDispose]().catch(() => undefined);
  await using refused = await stage(httpSource(url), { dir: dir.path, attemptsMax: 2, backOffMs: 0 });
  await expect(readBytes(refused, 0, 1)).rejects.toMatchObject({ code: 'ECONNREFUSED', kind: 'network' });
});

test('T4: close ends the connection of a server that stalls, before and inside of the body', async () => {
  for (const isBegun of [false, true]) {
    const arrived = new SyncPoint('the request');
    await using server = await ScriptedServer.start(({ response, request }) => {
      if (isBegun) response.writeHead(200, { 'content-length': 100 }).write('abc');
      void arrived.pass('the server').catch(() => undefined);
      request.on('close', () => undefined);
    });
    const file = await open(server);
    await arrived.awaitArrivals(1);
    arrived.open();
    if (isBegun) await readBytes(file, 0, 3);
    await withDeadline(file.close(), 'the close');
    await expect.poll(() => server.connections()).toBe(0);
  }
});

test('T4: what is complete keeps no connection', async () => {
  await using server = await ScriptedServer.start((exchange) => serve(content, tagged, exchange));
  await using file = await open(server);
  await expectWhole(file);
  await expect.poll(() => server.connections()).toBe(0);
});

test('T6: arguments that make no sense are refused', () => {
  expect(() => httpSource('ftp://example.org/')).toThrow(RangeError);
  expect(() => httpSource('nonsense')).toThrow(RangeError);
  expect(() => httpSource('http://example.org/', { headers: { Range: 'bytes=0-1' } })).toThrow(RangeError);
  expect(() => httpSource('http://example.org/', { proxy: 1 } as never)).toThrow(TypeError);
  const { name, key } = httpSource('http://me:secret@example.org/a?token=1#b');
  expect(name).toBe('http://example.org/a');
  expect(key).not.toBe(httpSource('http://me:secret@example.org/a?token=2').key);
});

test('T6: what is kept of a URL is asked for before it is read again', async () => {
  await using own = await tempDir();
  await using manager = await StagingManager.open({ dir: own.path, attemptsMax: 1 });
  let serving: Serving = tagged;
  let bytes: Uint8Array = content;
  const conditions: (string | undefined)[] = [];
  await using server = await ScriptedServer.start((exchange) => {
    const condition = exchange.request.headers['if-none-match'];
    conditions.push(condition);
    if (condition !== undefined && condition === serving.etag) exchange.response.writeHead(304).end();
    else serve(bytes, serving, exchange);
  });
  const use = async (): Promise<void> => {
    const file = await withDeadline(manager.stage(httpSource(server.url)), 'the opening');
    expectBytes(await readBytes(file, 0, 5 * mebi), bytes);
    await withDeadline(file.whenComplete(), 'completion');
    await file.close();
  };
  await use();
  await Promise.all([use(), use(), use()]);
  expect(conditions).toEqual([undefined, '"one"']); // fetched once, asked once
  serving = { etag: '"two"' };
  bytes = content.subarray(0, 1000);
  await use();
  expect(manager.statistics).toMatchObject({ idle: 1, bytes: 1000 });
  expect(conditions.slice(2)).toEqual(['"one"', undefined]);
  // Without ETag and date nobody can tell, so it is fetched anew.
  serving = {};
  await use();
  await use();
  expect(conditions.slice(4)).toEqual(['"two"', undefined, undefined]);
});

test('T6: a server that cannot say whether it has changed: the opening fails, what is kept stays', async () => {
  await using own = await tempDir();
  const clock = new ManualClock();
  await using manager = await StagingManager.open({ dir: own.path, clock, stallMs: 1000 });
  const asked = new SyncPoint('the question');
  let state: 'well' | 'down' | 'stalled' = 'well';
  await using server = await ScriptedServer.start((exchange) => {
    if (state === 'down') exchange.response.writeHead(500).end();
    else if (state === 'stalled') void asked.pass('the server').catch(() => undefined);
    else if (exchange.request.headers['if-none-match'] !== undefined) exchange.response.writeHead(304).end();
    else serve(content, tagged, exchange);
  });
  const open = (signal?: AbortSignal) => manager.stage(httpSource(server.url), { signal });
  const first = await open();
  await withDeadline(first.whenComplete(), 'completion');
  await first.close();
  state = 'down';
  await expect(open()).rejects.toMatchObject({ code: 'EIO' });
  state = 'stalled';
  const given = new AbortController();
  const stalled = open();
  const ended = open(given.signal);
  await asked.awaitArrivals(1);
  given.abort();
  await expect(withDeadline(ended, 'the opening with a signal')).rejects.toMatchObject({ code: 'ECANCELED' });
  const late = expect(withDeadline(stalled, 'the opening that waits')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await clock.advanceAndSettle(1000);
  await late;
  expect(manager.statistics).toMatchObject({ open: 0, idle: 1, bytes: content.byteLength });
  state = 'well';
  const again = await withDeadline(open(), 'the opening');
  expectBytes(await readBytes(again, 0, 5 * mebi), content);
  await again.close();
  state = 'stalled';
  const left = expect(open()).rejects.toMatchObject({ code: 'EBADF' });
  await asked.awaitArrivals(2);
  await withDeadline(manager.close(), 'the close');
  await left;
  asked.open();
});
