#!/usr/bin/env node
// `node tools/ceph/run.mjs -- COMMAND ARGUMENT...` runs a command beside a real S3 server, Ceph's RGW, which is there
// for as long as the command runs. The command finds it in CONVEYOR_S3_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY. Ends as the command ends; with 77 where the programs of Ceph are not installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CephCluster, programs } from './cluster.mjs';

const [dashes, command, ...args] = process.argv.slice(2);
if (dashes !== '--' || command === undefined) {
  console.error('usage: node tools/ceph/run.mjs -- COMMAND ARGUMENT...');
  process.exit(2);
}
const missing = programs.filter((program) => !isInstalled(program));
if (missing.length > 0) {
  console.log(`SKIP rgw: ${missing.join(', ')} not installed (radosgw ceph-mon ceph-osd ceph-mgr ceph-common)`);
  process.exit(77);
}

const cluster = new CephCluster();
let child;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    isStopped = true;
    child?.kill(signal);
  });
}
try {
  const beginMs = performance.now();
  await cluster.start();
  console.log(`RGW answers at ${cluster.endpoint} after ${((performance.now() - beginMs) / 1000).toFixed(1)} s`);
  if (isStopped) throw new Error('stopped before the command began');
  child = spawn(command, args, { stdio: 'inherit', env: environment(cluster) });
  const [code, signal] = await once(child, 'exit');
  process.exitCode = signal === null ? code : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await cluster.stop();
}

function environment({ endpoint, region, accessKeyId, secretAccessKey }) {
  const { AWS_SESSION_TOKEN: _token, AWS_PROFILE: _profile, ...rest } = process.env;
  return {
    ...rest,
    CONVEYOR_S3_ENDPOINT: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
