/**
 * What the server itself can do: `npm run ceiling` in this package. The server is a process of its own, the client here
 * does as little as a client can: it sends requests ahead and counts what comes back.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openFlags } from '@libconveyor/irods-protocol';
import { about, on, RawClient } from '../test/raw-client.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const node = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register', main];
const mib = 1024 ** 2;

/** Starts a server, and stops it after the work. */
async function withServer(args: string[], work: (port: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [...node, '--port', '0', '--strict', ...args], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /IRODS_PORT=(\d+)/.exec(line)?.[1];
      if (port !== undefined) return await work(Number(port));
    }
    throw new Error('the server ended');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

type Transfer = 'dataObjWrite' | 'dataObjRead';

/** One connection writes or reads its object in chunks, four requests ahead. */
async function moveOne(client: RawClient, path: string, name: Transfer, chunk: Buffer, count: number): Promise<void> {
  const flags = name === 'dataObjWrite' ? openFlags.create | openFlags.writeOnly | openFlags.truncate : 0;
  const { code: fd } = await client.call('dataObjOpen', about(path, { openFlags: flags }));
  for (let sent = 0, done = 0; done < count; done++) {
    for (; sent < Math.min(count, done + 4); sent++) {
      client.request(name, on(fd, { len: chunk.length }), name === 'dataObjWrite' ? chunk : undefined);
    }
    const { code } = await client.answer(name);
    if (code !== chunk.length) throw new Error(`${name}: ${code}`);
  }
  await client.call('dataObjClose', on(fd));
}

/** Megabytes a second of several connections, each writing an object and reading it again. */
async function transfer(port: number, connections: number, chunkLength: number, length: number): Promise<string> {
  const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.login(port)));
  const chunk = Buffer.alloc(chunkLength, 1);
  const rates: string[] = [];
  for (const name of ['dataObjWrite', 'dataObjRead'] as const) {
    const begin = performance.now();
    const count = length / connections / chunkLength;
    const paths = clients.map((_, index) => `/tempZone/home/rods/${index}`);
    await Promise.all(clients.map((client, index) => moveOne(client, paths[index] ?? '', name, chunk, count)));
    rates.push((length / (performance.now() - begin) / 1000).toFixed(0));
  }
  await Promise.all(clients.map((client) => client.disconnect()));
  return `write ${rates[0]} MB/s, read ${rates[1]} MB/s`;
}

/** Requests a second of one connection, 16 in flight. */
async function requests(port: number, count: number): Promise<string> {
  const client = await RawClient.login(port);
  const begin = performance.now();
  for (let sent = 0, done = 0; done < count; done++) {
    for (; sent < Math.min(count, done + 16); sent++) client.request('objStat', about('/tempZone/home/rods'));
    await client.answer('objStat');
  }
  return `${((count / (performance.now() - begin)) * 1000).toFixed(0)} requests/s`;
}

function say(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(56)} ${figure}\n`);
}

await withServer([], async (port) => {
  say('in memory, 1 connection, 4 MiB at a time', await transfer(port, 1, 4 * mib, 256 * mib));
  say('in memory, 4 connections, 4 MiB at a time', await transfer(port, 4, 4 * mib, 256 * mib));
  say('in memory, 1 connection, 4 KiB at a time', await transfer(port, 1, 4096, 16 * mib));
  say('stat, 1 connection', await requests(port, 5000));
});
await withServer(['--bandwidth', '1Gbit', '--latency', '20ms'], async (port) => {
  say('1 Gbit/s (125 MB/s), 20 ms, 4 connections, 4 MiB', await transfer(port, 4, 4 * mib, 256 * mib));
});
