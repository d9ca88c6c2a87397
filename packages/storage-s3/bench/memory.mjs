#!/usr/bin/env node
// Memory proof: `node packages/storage-s3/bench/memory.mjs [--gib 50] [--limit-mib 300]`, after a build, writes that
// much into the mock in another process, which forgets it, and says how much memory the writer took. Ends with 1 when
// that is over the limit.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { S3Storage } from '@libconveyor/storage-s3';

const mib = 1024 ** 2;
const options = { gib: { type: 'string', default: '50' }, 'limit-mib': { type: 'string', default: '300' } };
const { values } = parseArgs({ options });
const size = Number(values.gib) * 1024 * mib;

const server = fork(fileURLToPath(new URL('discarding-server.mjs', import.meta.url)), { execArgv: process.execArgv });
const [{ endpoint, credentials }] = await once(server, 'message');
const storage = await S3Storage.connect({
  bucket: 'memory',
  endpoint,
  credentials,
  region: 'us-east-1',
  spool: 'none',
});
const piece = Buffer.alloc(mib, 'conveyor ');
let residentMax = 0;
const sampler = setInterval(() => {
  residentMax = Math.max(residentMax, process.memoryUsage.rss());
}, 20);

const beginMs = performance.now();
const file = await storage.open('/large', 'w');
for (let offset = 0; offset < size; offset += mib) await file.write(piece, offset);
await file.close();
const seconds = (performance.now() - beginMs) / 1000;
clearInterval(sampler);
const stat = await storage.stat('/large');
await storage.close();
server.disconnect();

const isComplete = stat.size === size;
const resident = residentMax / mib;
console.log(
  `${values.gib} GiB in ${seconds.toFixed(1)} s (${(size / mib / seconds).toFixed(0)} MiB/s): ` +
    `${resident.toFixed(0)} MiB resident at most, ${isComplete ? 'complete' : `only ${stat.size} bytes`}`,
);
if (!isComplete || resident >= Number(values['limit-mib'])) process.exitCode = 1;
