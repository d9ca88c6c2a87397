#!/usr/bin/env node
// What the server itself can do, and how well it keeps its limits: `node bench/ceiling.mjs [SECONDS]`. The server is a
// process of its own, the client here does as little as a client can: it writes requests and counts bytes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const seconds = Number(process.argv[2] ?? 2);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const node = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register', main];
const mib = 1024 ** 2;
const partLength = 8 * mib;
const bucket = 'ceiling';

/** Starts a server, and stops it after the work. */
async function withServer(args, work) {
  const all = [...node, '--port', '0', '--bucket', bucket, '--anonymous', ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) return await work(Number(port), child.pid);
    }
    throw new Error('the server ended');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}

/** One connection that sends one request after another, and counts. */
class Connection {
  #socket;
  #got = 0;
  #needed = 0;
  #head = '';
  #done = () => {};
  firstByteMs = 0;

  constructor(port) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, highWaterMark: mib });
    this.#socket.on('data', (bytes) => this.#take(bytes));
  }

  async request(method, path, headers = {}, body = undefined) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    lines.push(`content-length: ${body?.length ?? 0}\r\n`);
    const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}\r\n`;
    this.#head = '';
    this.#got = 0;
    this.#needed = -1;
    const begin = performance.now();
    const answered = new Promise((resolve) => {
      this.#done = resolve;
    });
    this.firstByteMs = -begin;
    this.#socket.write(head);
    if (body !== undefined) this.#socket.write(body);
    await answered;
    return this.#head;
  }

  close() {
    this.#socket.destroy();
  }

  #take(bytes) {
    if (this.#needed === -1) {
      if (this.firstByteMs < 0) this.firstByteMs += performance.now();
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      if (!/^HTTP\/1\.1 20[0-6]/.test(this.#head)) throw new Error(this.#head);
      this.#needed = Number(/content-length: (\d+)/i.exec(this.#head)?.[1] ?? 0);
      this.#got = this.#head.length - end - 4;
    } else {
      this.#got += bytes.length;
    }
    if (this.#got >= this.#needed) this.#done();
  }
}

async function flood(port, connectionCount, request) {
  const connections = Array.from({ length: connectionCount }, () => new Connection(port));
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let bytes = 0;
  let requests = 0;
  await Promise.all(
    connections.map(async (connection, index) => {
      for (let number = 0; performance.now() < end; number++) {
        const count = await request(connection, index, number);
        bytes += count;
        requests += 1;
      }
    }),
  );
  const elapsed = (performance.now() - begin) / 1000;
  for (const connection of connections) connection.close();
  return { rate: bytes / elapsed, requests: requests / elapsed };
}

const body = Buffer.alloc(partLength, 'body');

async function prepare(port) {
  const one = new Connection(port);
  await one.request('PUT', `/${bucket}/object`, {}, body);
  await one.request('PUT', `/${bucket}/small`, {}, Buffer.alloc(4096));
  const parts = await one.request('POST', `/${bucket}/parts?uploads`);
  one.close();
  return /<UploadId>(\w+)/.exec(parts)?.[1];
}

const show = (name, text) => console.log(`${name.padEnd(64)}${text}`);
const megabytes = (rate) => `${(rate / 1e6).toFixed(0)} MB/s`;

async function throughput(name, args, connectionCount) {
  await withServer(args, async (port) => {
    const uploadId = await prepare(port);
    const read = await flood(port, connectionCount, async (connection) => {
      await connection.request('GET', `/${bucket}/object`);
      return partLength;
    });
    const write = await flood(port, connectionCount, async (connection, index) => {
      await connection.request('PUT', `/${bucket}/parts?uploadId=${uploadId}&partNumber=${index + 1}`, {}, body);
      return partLength;
    });
    show(`${name}, ${connectionCount} connections`, `GET ${megabytes(read.rate)}, UploadPart ${megabytes(write.rate)}`);
  });
}

async function smallRequests() {
  await withServer([], async (port) => {
    await prepare(port);
    const head = await flood(port, 16, async (connection) => {
      await connection.request('GET', `/${bucket}/small`);
      return 4096;
    });
    show('GET of 4 KiB, 16 connections', `${head.requests.toFixed(0)} requests/s`);
  });
}

async function latencies() {
  await withServer(['--latency', '20ms'], async (port) => {
    await prepare(port);
    const times = [];
    await flood(port, 4, async (connection) => {
      await connection.request('GET', `/${bucket}/small`);
      times.push(connection.firstByteMs);
      return 4096;
    });
    times.sort((a, b) => a - b);
    const at = (share) => `${times[Math.floor(times.length * share)].toFixed(2)} ms`;
    show('time to first byte at --latency 20ms', `median ${at(0.5)}, 1 % ${at(0.01)}, 99 % ${at(0.99)}`);
  });
}

console.log(`${seconds} s each, parts of 8 MiB, Node ${process.version}`);
await throughput('in memory, ETags are MD5', [], 4);
await throughput('in memory, --etag random', ['--etag', 'random'], 4);
await throughput('--discard --etag random', ['--discard', '--etag', 'random'], 4);
await throughput('--discard --etag random', ['--discard', '--etag', 'random'], 1);
await throughput('--bandwidth 1Gbit (125 MB/s), MD5', ['--discard', '--bandwidth', '1Gbit'], 4);
await throughput('--bandwidth 1Gbit --etag random', ['--discard', '--etag', 'random', '--bandwidth', '1Gbit'], 8);
await smallRequests();
await latencies();
