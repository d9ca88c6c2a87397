import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What Debian's packages radosgw, ceph-mon, ceph-osd, ceph-mgr and ceph-common install. */
export const programs = [
  'ceph-authtool',
  'monmaptool',
  'ceph-mon',
  'ceph-osd',
  'ceph-mgr',
  'ceph',
  'radosgw',
  'radosgw-admin',
];

const memstoreBytes = 2 * 1024 ** 3;
const startDeadlineMs = 120_000;
const user = 'conveyor';

/**
 * A Ceph cluster of one monitor, one manager, one storage daemon whose disk is memory, and the gateway that speaks S3.
 * Everything is in one temporary folder and on the loopback address.
 */
export class CephCluster {
  #folder = '';
  #conf = '';
  /** @type {import('node:child_process').ChildProcess[]} */
  #daemons = [];
  /** @type {Map<import('node:child_process').ChildProcess, Promise<unknown>>} */
  #exits = new Map();
  endpoint = '';
  region = 'default';
  accessKeyId = randomBytes(10).toString('hex').toUpperCase();
  secretAccessKey = randomBytes(20).toString('hex');

  /** Starts everything. Errors: Error with what the failing part said; call `stop` then, too. */
  async start() {
    // Short: the path of a Unix socket has at most 107 characters.
    this.#folder = await mkdtemp(join(tmpdir(), 'rgw-'));
    this.#conf = join(this.#folder, 'ceph.conf');
    const [v2, v1, http] = await freePorts(3);
    const fsid = randomUUID();
    const monitor = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
    await writeFile(this.#conf, configuration(this.#folder, fsid, monitor));
    await this.#makeKeys();
    await this.#startMonitor(fsid, monitor);
    const uuid = randomUUID();
    await this.#ceph('auth', 'import', '-i', this.#keyring);
    await this.#ceph('osd', 'new', uuid);
    await this.#ceph('osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=localhost');
    this.#daemon('ceph-mgr', '-i', 'x');
    await this.#run('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', uuid);
    this.#daemon('ceph-osd', '-i', '0');
    this.#daemon('radosgw', '-n', 'client.rgw', '--rgw-frontends', `beast endpoint=127.0.0.1:${http}`);
    await this.#createUser();
    this.endpoint = `http://127.0.0.1:${http}`;
    await this.#answers();
  }

  /** Ends all daemons and removes the folder. */
  async stop() {
    for (const child of this.#daemons.reverse()) {
      const exited = this.#exits.get(child);
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await exited;
      clearTimeout(timer);
    }
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  get #keyring() {
    return join(this.#folder, 'keyring');
  }

  async #makeKeys() {
    const all = ['mon', 'osd', 'mgr'].flatMap((daemon) => ['--cap', daemon, 'allow *']);
    const names = ['mon.', 'client.admin', 'client.rgw', 'osd.0', 'mgr.x'];
    for (const [index, name] of names.entries()) {
      const create = index === 0 ? ['--create-keyring'] : [];
      await this.#run('ceph-authtool', ...create, this.#keyring, '--gen-key', '-n', name, ...all);
    }
  }

  async #startMonitor(fsid, monitor) {
    const map = join(this.#folder, 'monmap');
    const release = ['--set-min-mon-release', 'pacific', '--enable-all-features'];
    await this.#run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monitor, ...release, map);
    for (const name of ['mon-a', 'osd-0', 'mgr-x']) await mkdir(join(this.#folder, name));
    await this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', this.#keyring);
    this.#daemon('ceph-mon', '-i', 'a');
  }

  async #createUser() {
    const keys = ['--access-key', this.accessKeyId, '--secret', this.secretAccessKey];
    await this.#run('radosgw-admin', 'user', 'create', '--uid', user, '--display-name', user, ...keys);
  }

  /** Resolves when the gateway answers HTTP. */
  async #answers() {
    const end = performance.now() + startDeadlineMs;
    for (;;) {
      const dead = this.#daemons.find(({ exitCode }) => exitCode !== null);
      if (dead !== undefined) throw new Error(`${dead.spawnfile} ended:\n${await this.#lastWords(dead)}`);
      const response = await fetch(this.endpoint).catch(() => undefined);
      if (response?.ok) return;
      if (performance.now() > end) throw new Error(`${this.endpoint} does not answer`);
      await delay(100);
    }
  }

  async #lastWords(child) {
    const text = await readFile(this.#outputOf(child.spawnfile), 'utf8').catch(() => '');
    return text.slice(-2000);
  }

  #outputOf(program) {
    return join(this.#folder, `${program}.out`);
  }

  #ceph(...args) {
    return this.#run('ceph', '--connect-timeout', '60', ...args);
  }

  /** Runs a program to its end. Errors: Error with all that it said. */
  async #run(program, ...args) {
    const child = spawn(program, [...args, '-c', this.#conf], { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv() });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), startDeadlineMs);
    const [code] = await once(child, 'close');
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${said.slice(-2000)}`);
    return said;
  }

  /** Starts a program that stays; what it says is in a file beside its log. */
  #daemon(program, ...args) {
    const identity = process.getuid?.() === 0 ? ['--setuser', 'root', '--setgroup', 'root'] : [];
    const output = openSync(this.#outputOf(program), 'a');
    const stdio = ['ignore', output, output];
    const child = spawn(program, ['-f', ...args, '-c', this.#conf, ...identity], { stdio, env: cleanEnv() });
    closeSync(output);
    this.#daemons.push(child);
    // From the start: a daemon may end by a signal that was meant for all of this terminal's programs.
    this.#exits.set(child, new Promise((resolve) => child.once('exit', resolve)));
  }
}

/** Proxies and certificates of this machine are not for servers on its loopback address. */
function cleanEnv() {
  return { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C' };
}

function configuration(folder, fsid, monitor) {
  return `[global]
fsid = ${fsid}
mon host = ${monitor}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${folder}/keyring
run dir = ${folder}
admin socket = ${folder}/$name.asok
pid file = ${folder}/$name.pid
log file = ${folder}/$name.log
crash dir = ${folder}
mon data = ${folder}/mon-a
mgr data = ${folder}/mgr-x
osd data = ${folder}/osd-0
rgw data = ${folder}
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = ${memstoreBytes}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mgr initial modules =
`;
}

/** Ports that nobody listens on now. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push(server.address().port);
  }
  for (const server of servers) server.close();
  return ports;
}
